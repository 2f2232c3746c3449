//! Amounts: what limits count, exact to a millionth.

use std::fmt;

use crate::number::Decimal;

/// How much a call costs, or a limit lets through: a decimal with six fractional digits, from 0 to 10¹².
///
/// ```
/// use mcp_policy::limit::Amount;
///
/// assert_eq!(Amount::ONE.to_string(), "1");
/// assert_eq!(Amount::from_millionths(2_500_000).unwrap().to_string(), "2.5");
/// assert_eq!(Amount::from_millionths(u64::MAX), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    millionths: u64,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self { millionths: 0 };
    /// One: what a call costs unless its limit says otherwise.
    pub const ONE: Self = Self { millionths: MILLION };
    /// The largest amount, 10¹².
    pub const MAX: Self = Self { millionths: 1_000_000_000_000_000_000 };

    /// An amount in millionths; `None` beyond [`Amount::MAX`].
    #[must_use]
    pub const fn from_millionths(millionths: u64) -> Option<Self> {
        if millionths <= Self::MAX.millionths { Some(Self { millionths }) } else { None }
    }

    /// The amount in millionths.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.millionths
    }

    /// A number that has at most six fractional digits.
    pub(crate) fn exactly(number: Decimal) -> Result<Self, AmountError> {
        if !number.is_negative() && number.exponent < -6 {
            return Err(AmountError::TooFine);
        }
        Self::rounded_up(number)
    }

    /// A number; what is below a millionth counts as one more.
    pub(crate) fn rounded_up(number: Decimal) -> Result<Self, AmountError> {
        if number.is_negative() {
            return Err(AmountError::Negative);
        }
        let shift = number.exponent.saturating_add(6);
        let millionths = if shift >= 0 {
            let factor = u32::try_from(shift).ok().and_then(|shift| 10_u64.checked_pow(shift));
            match factor.and_then(|factor| number.digits.checked_mul(factor)) {
                Some(millionths) => millionths,
                None if number.is_zero() => 0,
                None => return Err(AmountError::TooLarge),
            }
        } else {
            let divisor = 10_u64.checked_pow(shift.unsigned_abs()).unwrap_or(u64::MAX);
            number.digits.div_ceil(divisor)
        };
        Self::from_millionths(millionths).ok_or(AmountError::TooLarge)
    }
}

/// A decimal without trailing zeros.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.millionths.wrapping_div(MILLION);
        let fraction = self.millionths.wrapping_rem(MILLION);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let fraction = format!("{fraction:06}");
        write!(f, "{whole}.{}", fraction.trim_end_matches('0'))
    }
}

/// As text, for a double would not keep every digit.
impl serde::Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a number is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountError {
    Negative,
    TooFine,
    TooLarge,
}

const MILLION: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use serde_json::Number;

    use super::*;

    fn rounded_up(double: f64) -> Result<String, AmountError> {
        let number = Decimal::of(&Number::from_f64(double).unwrap()).unwrap();
        Amount::rounded_up(number).map(|amount| amount.to_string())
    }

    #[test]
    fn t21_amounts_are_exact_to_a_millionth_and_round_up() {
        for (double, amount) in [
            (0.0, "0"),
            (-0.0, "0"),
            (100.0, "100"),
            (1e2, "100"),
            (0.1, "0.1"),
            (0.3, "0.3"),
            (1e-6, "0.000001"),
            (1e-7, "0.000001"),
            (5e-324, "0.000001"),
            (1.000_000_1, "1.000001"),
            (1e12, "1000000000000"),
        ] {
            assert_eq!(rounded_up(double).as_deref(), Ok(amount), "{double}");
        }
    }

    #[test]
    fn t20_negative_and_huge_numbers_are_no_amounts() {
        for double in [-1.0, -5.0, -1e-300, -1e308] {
            assert_eq!(rounded_up(double), Err(AmountError::Negative), "{double}");
        }
        for double in [1_000_000_000_000.001, 1e13, 1e20, 1e308, 1.844_674_407_370_955_2e19] {
            assert_eq!(rounded_up(double), Err(AmountError::TooLarge), "{double}");
        }
    }

    #[test]
    fn the_seventh_digit_is_refused_where_amounts_are_exact() {
        let number = |double| Decimal::of(&Number::from_f64(double).unwrap()).unwrap();
        assert_eq!(Amount::exactly(number(0.000_000_1)), Err(AmountError::TooFine));
        assert_eq!(Amount::exactly(number(0.000_001)).map(Amount::millionths), Ok(1));
        assert_eq!(Amount::exactly(number(-0.000_000_1)), Err(AmountError::Negative));
    }
}
