//! Counters as packed numbers: how the Redis store keeps them. `charge.lua` says how, and writes them.

use crate::limit::counter::{Counter, Fixed, PARTS, PARTS_KEPT, Sliding};
use crate::limit::{Algorithm, Charge, Window};
use crate::timestamp::Timestamp;

impl Counter {
    /// Reads the counter that this charge is to. `None` if it is not such a counter.
    pub(crate) fn unpack(bytes: &mut Unpack<'_>, charge: &Charge) -> Option<Self> {
        match (bytes.byte()?, charge.algorithm()) {
            (b'f', Algorithm::Fixed) => {
                let bounds = (bytes.double()?, bytes.double()?);
                let (start, end) = if charge.window() == Window::Lifetime {
                    (bounds == (f64::NEG_INFINITY, f64::INFINITY)).then_some((i64::MIN, i64::MAX))?
                } else {
                    (micros(bounds.0)?, micros(bounds.1)?)
                };
                let (generation, used) = (bytes.generation()?, bytes.amount()?);
                (start < end).then_some(Self::Fixed(Fixed { start, end, used, generation }))
            }
            (b's', Algorithm::Sliding) => {
                let known = usize::from(bytes.byte()?);
                let part = charge.window().length()?.div_euclid(PARTS).max(1);
                let (latest, generation) = (integer(bytes.double()?)?, bytes.generation()?);
                // The latest first, and here last.
                let mut used = [0; PARTS_KEPT];
                for used in used.iter_mut().rev().take(known) {
                    *used = bytes.amount()?;
                }
                (known <= PARTS_KEPT)
                    .then(|| Self::Sliding(Box::new(Sliding { part, latest, used, generation })))
            }
            _ => None,
        }
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

    /// Whether the next byte is this one. If so, it is skipped.
    pub(crate) fn skips(&mut self, byte: u8) -> bool {
        let rest = self.bytes.strip_prefix(&[byte]);
        self.bytes = rest.unwrap_or(self.bytes);
        rest.is_some()
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

    fn double(&mut self) -> Option<f64> {
        let (bytes, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(f64::from_be_bytes(*bytes))
    }

    fn generation(&mut self) -> Option<u64> {
        u64::try_from(self.integer()?).ok()
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

    /// A whole number that a double holds; of others the nearest.
    pub(crate) fn integer(&mut self, integer: i64) {
        let (high, low) = (integer.div_euclid(WORD), integer.rem_euclid(WORD));
        let high = i32::try_from(high).unwrap_or(if high < 0 { i32::MIN } else { i32::MAX });
        let low = u32::try_from(low).unwrap_or(u32::MAX);
        self.double(f64::from(high) * 4_294_967_296.0 + f64::from(low));
    }

    pub(crate) fn double(&mut self, double: f64) {
        self.bytes.extend_from_slice(&double.to_be_bytes());
    }

    pub(crate) fn amount(&mut self, millionths: u64) {
        for half in [millionths.div_euclid(BILLION), millionths.rem_euclid(BILLION)] {
            self.integer(i64::try_from(half).unwrap_or(i64::MAX));
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whole seconds, in microseconds.
fn micros(seconds: f64) -> Option<i64> {
    integer(seconds)?.checked_mul(Timestamp::SECOND)
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
