//! Counters as packed numbers: how the Redis store keeps them. `charge.lua` says how, and writes them.

use crate::limit::counter::{Counter, Fixed, PARTS, PARTS_KEPT, Sliding};
use crate::limit::{Algorithm, Charge, Window};
use crate::timestamp::Timestamp;

impl Counter {
    /// Reads the counter that this charge is to, which has so many numbers. `None` if it is not such a counter.
    pub(crate) fn unpack(bytes: &mut Unpack<'_>, numbers: u8, charge: &Charge) -> Option<Self> {
        match charge.algorithm() {
            Algorithm::Fixed => Fixed::unpack(bytes, numbers, charge.window()).map(Self::Fixed),
            Algorithm::Sliding => {
                let length = charge.window().length()?;
                Sliding::unpack(bytes, numbers, length).map(|sliding| Self::Sliding(Box::new(sliding)))
            }
        }
    }
}

impl Fixed {
    fn unpack(bytes: &mut Unpack<'_>, numbers: u8, window: Window) -> Option<Self> {
        let end = bytes.double()?;
        let (start, end) = if window == Window::Lifetime {
            (end == f64::INFINITY).then_some((i64::MIN, i64::MAX))?
        } else {
            let end = integer(end)?.checked_mul(Timestamp::SECOND)?;
            let (start, of) = window.around(Timestamp::from_micros(end.checked_sub(1)?));
            (of == end).then_some((start, end))?
        };
        let generation = bytes.generation()?;
        let used = match numbers {
            3 => bytes.unsigned()?,
            4 => bytes.amount()?,
            _ => return None,
        };
        Some(Self { start, end, used, generation })
    }
}

impl Sliding {
    fn unpack(bytes: &mut Unpack<'_>, numbers: u8, length: i64) -> Option<Self> {
        let is_large = match bytes.byte()? {
            b's' => false,
            b'S' => true,
            _ => return None,
        };
        let (latest, generation) = (bytes.integer()?, bytes.generation()?);
        let known = if is_large {
            let halves = numbers.checked_sub(2)?;
            (halves % 2 == 0).then_some(halves / 2)?
        } else {
            // What is not in the latest part, in all.
            bytes.unsigned()?;
            numbers.checked_sub(3)?
        };
        let known = usize::from(known);
        // The latest first, and here last.
        let mut used = [0; PARTS_KEPT];
        for used in used.iter_mut().rev().take(known) {
            *used = if is_large { bytes.amount()? } else { bytes.unsigned()? };
        }
        let part = length.div_euclid(PARTS).max(1);
        (1..=PARTS_KEPT).contains(&known).then_some(Self { part, latest, used, generation })
    }
}

/// Reads packed numbers, one after the other.
pub(crate) struct Unpack<'a> {
    bytes: &'a [u8],
}

impl<'a> Unpack<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes there are left.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }

    /// A whole number.
    pub(crate) fn integer(&mut self) -> Option<i64> {
        integer(self.double()?)
    }

    /// A time: seconds, and the microseconds on top of them.
    pub(crate) fn moment(&mut self) -> Option<Timestamp> {
        let (seconds, micros) = (self.integer()?, self.integer()?);
        Some(Timestamp::from_micros(seconds.checked_mul(Timestamp::SECOND)?.checked_add(micros)?))
    }

    /// Steps over a counter, behind how many numbers it has, without a look at what it holds.
    pub(crate) fn skip_counter(&mut self, algorithm: Algorithm) -> Option<()> {
        let numbers = usize::from(self.byte()?);
        if numbers > 0 {
            let kind = usize::from(algorithm == Algorithm::Sliding);
            let length = numbers.checked_mul(size_of::<f64>())?.checked_add(kind)?;
            self.bytes = self.bytes.get(length..)?;
        }
        Some(())
    }

    fn double(&mut self) -> Option<f64> {
        let (bytes, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(f64::from_le_bytes(*bytes))
    }

    fn unsigned(&mut self) -> Option<u64> {
        u64::try_from(self.integer()?).ok()
    }

    fn generation(&mut self) -> Option<u64> {
        self.unsigned()
    }

    /// The digits in front of the last nine, and those.
    fn amount(&mut self) -> Option<u64> {
        let (high, low) = (self.integer()?, self.integer()?);
        u64::try_from(high).ok()?.checked_mul(BILLION)?.checked_add(u64::try_from(low).ok()?)
    }
}

/// Packs numbers, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Pack {
    bytes: Vec<u8>,
}

impl Pack {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A whole number that a double holds; of others the nearest.
    pub(crate) fn integer(&mut self, integer: i64) {
        let (high, low) = (integer.div_euclid(WORD), integer.rem_euclid(WORD));
        let high = i32::try_from(high).unwrap_or(if high < 0 { i32::MIN } else { i32::MAX });
        let low = u32::try_from(low).unwrap_or(u32::MAX);
        self.double(f64::from(high) * 4_294_967_296.0 + f64::from(low));
    }

    pub(crate) fn double(&mut self, double: f64) {
        self.bytes.extend_from_slice(&double.to_le_bytes());
    }

    pub(crate) fn amount(&mut self, millionths: u64) {
        for half in [millionths.div_euclid(BILLION), millionths.rem_euclid(BILLION)] {
            self.integer(i64::try_from(half).unwrap_or(i64::MAX));
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A double that is a whole number below 2⁵³.
fn integer(double: f64) -> Option<i64> {
    const FRACTION: u32 = 52;
    let bits = double.to_bits();
    let exponent = u32::try_from(bits >> FRACTION & 0x7ff).ok()?;
    if double == 0.0 {
        return Some(0);
    }
    // What stands before the point, which is `exponent - 1023` digits behind the leading one.
    let digits = bits & ((1 << FRACTION) - 1) | 1 << FRACTION;
    let cut = FRACTION.checked_sub(exponent.checked_sub(1_023)?)?;
    let whole = digits.checked_shr(cut)?;
    if whole.checked_shl(cut)? != digits {
        return None;
    }
    let whole = i64::try_from(whole).ok()?;
    Some(if double < 0.0 { whole.saturating_neg() } else { whole })
}

const BILLION: u64 = 1_000_000_000;

const WORD: i64 = 1 << 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_a_whole_number_is_not_read() {
        for double in
            [0.5, -1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 5e-324, 9_007_199_254_740_992.0]
        {
            assert_eq!(integer(double), None, "{double}");
        }
        for (double, whole) in
            [(0.0, 0), (-0.0, 0), (1.0, 1), (-1.0, -1), (253_402_300_799.0, 253_402_300_799)]
        {
            assert_eq!(integer(double), Some(whole), "{double}");
        }
    }

    fn bytes(kind: &[u8], numbers: &[f64]) -> Vec<u8> {
        let numbers: Vec<_> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        [kind, &numbers].concat()
    }

    #[test]
    fn t42_what_is_no_fixed_counter_is_not_read() {
        let read = |numbers: &[f64], window| {
            let bytes = bytes(b"", numbers);
            Fixed::unpack(&mut Unpack::new(&bytes), u8::try_from(numbers.len()).unwrap(), window)
        };
        let fixed = read(&[7_200.0, 9.0, 5e6], Window::Hour).unwrap();
        assert_eq!((fixed.start, fixed.end, fixed.used), (3_600_000_000, 7_200_000_000, 5_000_000));
        let large = read(&[7_200.0, 9.0, 9e8, 999_999_999.0], Window::Hour).unwrap();
        assert_eq!(large.used, 900_000_000_999_999_999);
        assert_eq!(read(&[f64::INFINITY, 9.0, 0.0], Window::Lifetime).unwrap().end, i64::MAX);
        for (numbers, window) in [
            // An end that is none, or of another window.
            (&[7_201.0, 9.0, 5e6][..], Window::Hour),
            (&[f64::INFINITY, 9.0, 5e6], Window::Hour),
            (&[7_200.0, 9.0, 5e6], Window::Lifetime),
            (&[f64::NAN, 9.0, 5e6], Window::Hour),
            // A stamp or an amount that is none.
            (&[7_200.0, -1.0, 5e6], Window::Hour),
            (&[7_200.0, 9.0, 0.5], Window::Hour),
            (&[7_200.0, 9.0, -1.0], Window::Hour),
            (&[7_200.0, 9.0, f64::NAN], Window::Hour),
            (&[7_200.0, 9.0, 1e300, 0.0], Window::Hour),
            (&[7_200.0, 9.0], Window::Hour),
            (&[7_200.0, 9.0, 0.0, 0.0, 0.0], Window::Hour),
        ] {
            assert_eq!(read(numbers, window), None, "{numbers:?}");
        }
    }

    #[test]
    fn t42_what_is_no_sliding_counter_is_not_read() {
        let read = |kind: &[u8], numbers: &[f64]| {
            let bytes = bytes(kind, numbers);
            Sliding::unpack(&mut Unpack::new(&bytes), u8::try_from(numbers.len()).unwrap(), 16_000_000)
        };
        let sliding = read(b"s", &[100.0, 9.0, 3e6, 1e6, 2e6, 1e6]).unwrap();
        assert_eq!(
            (sliding.latest, sliding.sum(), sliding.used[14..].to_vec()),
            (100, 4_000_000, vec![1_000_000, 2_000_000, 1_000_000])
        );
        assert_eq!(read(b"S", &[100.0, 9.0, 1.0, 5.0]).unwrap().sum(), 1_000_000_005);
        let too_many = [[100.0, 9.0, 0.0].to_vec(), vec![0.0; 18]].concat();
        for (kind, numbers) in [
            (&b"x"[..], &[100.0, 9.0, 0.0, 1e6][..]),
            (b"s", &[100.0, 9.0, 0.0]),
            (b"S", &[100.0, 9.0, 0.0]),
            (b"S", &[100.0, 9.0]),
            (b"s", &[100.5, 9.0, 0.0, 1e6]),
            (b"s", &[100.0, 9.0, 0.0, -1.0]),
            (b"s", &[100.0, 9.0, f64::NAN, 1e6]),
            (b"s", &too_many),
            (b"", &[]),
        ] {
            assert_eq!(read(kind, numbers), None, "{kind:?} {numbers:?}");
        }
    }

    proptest! {
        #[test]
        fn t23_what_is_packed_is_unpacked(integer in -(1_i64 << 53) + 1..1 << 53, amount in 0..=1_000_000_000_000_000_000_u64) {
            let mut pack = Pack::default();
            pack.integer(integer);
            pack.amount(amount);
            let mut unpack = Unpack::new(pack.as_bytes());
            prop_assert_eq!(unpack.integer(), Some(integer));
            prop_assert_eq!(unpack.amount(), Some(amount));
            prop_assert!(unpack.is_at_end() && unpack.byte().is_none());
        }
    }
}
