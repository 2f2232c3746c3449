//! Counters as bytes, for stores that write them down.
//!
//! The first byte says which kind of counter it is and how it is written; whoever changes how one is written
//! takes another byte, and goes on reading the old one. The numbers that follow are written as LEB128, those
//! that can be negative after a zigzag. Every counter is written in one way only, and what is not written in
//! that way is no counter.

use thiserror::Error;

use super::{Counter, Fixed, NEW, PARTS_KEPT, Sliding};
use crate::limit::Amount;

/// Bytes that are no counter, or one of a version that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a counter is not written as it should be")]
pub(crate) struct CounterError;

impl Counter {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(USUAL_LENGTH);
        match self {
            Self::Fixed(Fixed { start, end, used, generation }) => {
                bytes.push(FIXED_1);
                write(zigzag(*start), &mut bytes);
                write(zigzag(*end), &mut bytes);
                write(*used, &mut bytes);
                write(*generation, &mut bytes);
            }
            Self::Sliding(sliding) => {
                let Sliding { part, latest, used, generation } = &**sliding;
                bytes.push(SLIDING_1);
                write(zigzag(*part), &mut bytes);
                write(zigzag(*latest), &mut bytes);
                write(*generation, &mut bytes);
                for used in used {
                    write(*used, &mut bytes);
                }
            }
        }
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    ///
    /// [`CounterError`] for everything else: a counter that cannot be read must not be taken for none.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CounterError> {
        Self::read(bytes).filter(Self::is_sound).ok_or(CounterError)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, mut rest) = bytes.split_first()?;
        let counter = match *kind {
            FIXED_1 => Self::Fixed(Fixed {
                start: unzigzag(read(&mut rest)?),
                end: unzigzag(read(&mut rest)?),
                used: read(&mut rest)?,
                generation: read(&mut rest)?,
            }),
            SLIDING_1 => {
                let mut sliding = Sliding {
                    part: unzigzag(read(&mut rest)?),
                    latest: unzigzag(read(&mut rest)?),
                    generation: read(&mut rest)?,
                    used: [0; PARTS_KEPT],
                };
                for used in &mut sliding.used {
                    *used = read(&mut rest)?;
                }
                Self::Sliding(Box::new(sliding))
            }
            _ => return None,
        };
        rest.is_empty().then_some(counter)
    }

    /// Whether charges can have made it so.
    fn is_sound(&self) -> bool {
        let (is_placed, used, generation) = match self {
            Self::Fixed(fixed) => (fixed.start < fixed.end, fixed.used, fixed.generation),
            Self::Sliding(sliding) => (sliding.part > 0, sliding.sum(), sliding.generation),
        };
        is_placed && Amount::from_millionths(used).is_some() && generation != NEW
    }
}

/// Small numbers of either sign become small ones without.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ 0_i64.wrapping_sub((number & 1).cast_signed())
}

fn write(mut number: u64, bytes: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & !MORE);
            return;
        }
        bytes.push(low | MORE);
    }
}

/// Reads one number and goes on behind it.
fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0_u32..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & !MORE);
        let shifted = part << shift;
        // What does not fit is no number of ours.
        if shifted >> shift != part {
            return None;
        }
        number |= shifted;
        if byte & MORE == 0 {
            // A last byte that adds nothing would be a second way to write the same number.
            return (part > 0 || shift == 0).then_some(number);
        }
    }
    None
}

const FIXED_1: u8 = 1;
const SLIDING_1: u8 = 2;

/// Set in every byte of a number but the last.
const MORE: u8 = 0x80;

/// Most counters take less.
const USUAL_LENGTH: usize = 48;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn amount() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), 0..10_000_000_u64, 0..=Amount::MAX.millionths()]
    }

    fn counter() -> impl Strategy<Value = Counter> {
        let fixed = (any::<i64>(), any::<i64>(), amount(), 1..=u64::MAX)
            .prop_filter("a window is not empty", |(start, end, ..)| start != end)
            .prop_map(|(a, b, used, generation)| {
                Counter::Fixed(Fixed { start: a.min(b), end: a.max(b), used, generation })
            });
        let sliding = (1..=i64::MAX, any::<i64>(), prop::collection::vec(amount(), PARTS_KEPT), 1..=u64::MAX)
            .prop_map(|(part, latest, amounts, generation)| {
                let mut used = [0; PARTS_KEPT];
                for (used, amount) in used.iter_mut().zip(amounts) {
                    *used = amount / 17;
                }
                Counter::Sliding(Box::new(Sliding { part, latest, used, generation }))
            });
        prop_oneof![fixed, sliding]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_counter_is_read_as_it_was_written(counter in counter()) {
            prop_assert_eq!(Counter::decode(&counter.encode()), Ok(counter));
        }

        #[test]
        fn what_is_cut_short_or_goes_on_is_no_counter(counter in counter(), byte in any::<u8>()) {
            let mut bytes = counter.encode();
            for end in 0..bytes.len() {
                prop_assert_eq!(Counter::decode(&bytes[..end]), Err(CounterError));
            }
            bytes.push(byte);
            prop_assert_eq!(Counter::decode(&bytes), Err(CounterError));
        }

        #[test]
        fn bytes_of_a_stranger_are_read_in_one_way_or_not_at_all(bytes in prop::collection::vec(any::<u8>(), 0..64), kind in 0..4_u8) {
            let bytes = [vec![kind], bytes].concat();
            if let Ok(counter) = Counter::decode(&bytes) {
                prop_assert_eq!(counter.encode(), bytes);
            }
        }
    }

    #[test]
    fn a_counter_takes_few_bytes() {
        let fixed = Fixed {
            start: 1_795_000_000_000_000,
            end: 1_795_000_060_000_000,
            used: 9_000_000,
            generation: 1 << 26,
        };
        assert_eq!(Counter::Fixed(fixed).encode().len(), 25);
        let sliding = Sliding { part: 3_750_000, latest: 478_666_666, used: [0; PARTS_KEPT], generation: 1 };
        assert_eq!(Counter::Sliding(Box::new(sliding)).encode().len(), 28);
        let lifetime = Fixed { start: i64::MIN, end: i64::MAX, used: u64::MAX >> 5, generation: u64::MAX };
        assert_eq!(Counter::decode(&Counter::Fixed(lifetime).encode()), Ok(Counter::Fixed(lifetime)));
    }

    #[test]
    fn what_no_charge_can_have_made_is_no_counter() {
        let sound = Fixed { start: 0, end: 1, used: Amount::MAX.millionths(), generation: 1 };
        assert!(Counter::decode(&Counter::Fixed(sound).encode()).is_ok());
        for unsound in [
            Fixed { end: 0, ..sound },
            Fixed { used: Amount::MAX.millionths() + 1, ..sound },
            Fixed { generation: NEW, ..sound },
        ] {
            assert_eq!(Counter::decode(&Counter::Fixed(unsound).encode()), Err(CounterError), "{unsound:?}");
        }
        let sliding = Sliding { part: 1, latest: 0, used: [u64::MAX; PARTS_KEPT], generation: 1 };
        assert_eq!(Counter::decode(&Counter::Sliding(Box::new(sliding)).encode()), Err(CounterError));
    }

    #[test]
    fn the_way_a_counter_is_written_stays() {
        // Files hold these bytes: a change of them needs another first byte.
        let fixed = Fixed { start: -1, end: 64, used: 300, generation: 7 };
        assert_eq!(Counter::Fixed(fixed).encode(), [1, 1, 0x80, 1, 0xAC, 2, 7]);
        let mut used = [0; PARTS_KEPT];
        used[16] = 5;
        let sliding = Sliding { part: 1, latest: -2, used, generation: 128 };
        let mut bytes = vec![2, 2, 3, 0x80, 1];
        bytes.extend([0; 16]);
        bytes.push(5);
        assert_eq!(Counter::Sliding(Box::new(sliding)).encode(), bytes);
    }
}
