//! Exact numbers: what a JSON number means, and how two of them compare.
//!
//! A JSON number is a 64-bit integer, signed or unsigned, or else the nearest double, and a double means its
//! shortest decimal. Nothing here goes through floating-point arithmetic, so 2⁵³ + 1 is not 2⁵³ and 0.1 is
//! 0.1.

mod amount;

use std::cmp::Ordering;
use std::fmt;
use std::fmt::Write as _;

use serde_json::Number;

pub use amount::Amount;
pub(crate) use amount::AmountError;

use crate::short_text::ShortText;

/// A finite decimal: `digits × 10^exponent`, with a sign.
///
/// INVARIANT: `digits` has no trailing zero, and zero is `+0 × 10⁰`. So two equal numbers are equal as
/// values, and deriving `Eq` and `Hash` is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    negative: bool,
    digits: u64,
    exponent: i32,
}

impl Decimal {
    /// What a JSON number means; `None` for one that is neither 64 bits nor a finite double, which
    /// `serde_json` can hold when the program that embeds this crate turned on its `arbitrary_precision`.
    pub(crate) fn of(number: &Number) -> Option<Self> {
        if let Some(integer) = number.as_u64() {
            return Some(Self::new(false, integer, 0));
        }
        if let Some(integer) = number.as_i64() {
            return Some(Self::new(true, integer.unsigned_abs(), 0));
        }
        number.as_f64().and_then(Self::of_double)
    }

    pub(crate) fn of_integer(integer: u64) -> Self {
        Self::new(false, integer, 0)
    }

    /// The shortest decimal that reads back as this double; `None` if it is not finite.
    fn of_double(double: f64) -> Option<Self> {
        if !double.is_finite() {
            return None;
        }
        // `{:e}` writes the shortest digits that round-trip: `-1.2345e-7`.
        let mut text = ShortText::default();
        write!(text, "{double:e}").ok()?;
        let text = text.as_str();
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = 0_u64;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
            digits = digits.checked_mul(10)?.checked_add(u64::from(digit))?;
        }
        let exponent = exponent.parse::<i32>().ok()?;
        let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        Some(Self::new(negative, digits, exponent))
    }

    fn new(negative: bool, mut digits: u64, mut exponent: i32) -> Self {
        if digits == 0 {
            return Self { negative: false, digits: 0, exponent: 0 };
        }
        while digits.is_multiple_of(10) {
            digits = digits.wrapping_div(10);
            exponent = exponent.saturating_add(1);
        }
        Self { negative, digits, exponent }
    }

    /// Whether there is no fraction.
    pub(crate) fn is_integer(self) -> bool {
        self.exponent >= 0
    }

    pub(crate) fn is_negative(self) -> bool {
        self.negative
    }

    pub(crate) fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// The number as an unsigned integer, if it is one.
    pub(crate) fn to_u64(self) -> Option<u64> {
        if self.negative || self.exponent < 0 {
            return None;
        }
        let factor = 10_u64.checked_pow(u32::try_from(self.exponent).ok()?)?;
        self.digits.checked_mul(factor)
    }

    /// How many digits stand before the decimal point; zero or less for `0.01`.
    fn magnitude(self) -> i32 {
        let count = self.digits.checked_ilog10().map_or(0, |log| log.saturating_add(1));
        i32::try_from(count).unwrap_or(i32::MAX).saturating_add(self.exponent)
    }

    fn compare_absolute(self, other: Self) -> Ordering {
        if self.digits == 0 || other.digits == 0 {
            return self.digits.cmp(&other.digits);
        }
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            // Equal magnitude: the one with the larger exponent has fewer digits, at most 20. Scaled to the
            // other's exponent it has as many, and 20 digits fit.
            let gap = self.exponent.abs_diff(other.exponent).min(38);
            let factor = 10_u128.checked_pow(gap).unwrap_or(u128::MAX);
            let (mine, its) = (u128::from(self.digits), u128::from(other.digits));
            match self.exponent.cmp(&other.exponent) {
                Ordering::Greater => mine.saturating_mul(factor).cmp(&its),
                Ordering::Less => mine.cmp(&its.saturating_mul(factor)),
                Ordering::Equal => mine.cmp(&its),
            }
        })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_absolute(*other),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (true, true) => other.compare_absolute(*self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As ECMAScript writes a number, which RFC 8785 asks for, except that every digit of an integer is written.
///
/// Two numbers are written alike if and only if they are equal.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_char('-')?;
        }
        let mut text = ShortText::default();
        write!(text, "{}", self.digits)?;
        let digits = text.as_str();
        let point = self.magnitude();
        if self.digits == 0 {
            f.write_str("0")
        } else if self.exponent >= 0 && point <= 21 {
            f.write_str(digits)?;
            write_zeros(f, self.exponent)
        } else if point > 0 && point <= 21 {
            let (whole, fraction) = split_at(digits, point)?;
            write!(f, "{whole}.{fraction}")
        } else if point > -6 && point <= 0 {
            f.write_str("0.")?;
            write_zeros(f, point.saturating_neg())?;
            f.write_str(digits)
        } else {
            let (first, rest) = split_at(digits, 1)?;
            f.write_str(first)?;
            if !rest.is_empty() {
                write!(f, ".{rest}")?;
            }
            let exponent = point.saturating_sub(1);
            write!(f, "e{}{exponent}", if exponent < 0 { "" } else { "+" })
        }
    }
}

fn write_zeros(f: &mut fmt::Formatter<'_>, count: i32) -> fmt::Result {
    (0..count).try_for_each(|_| f.write_char('0'))
}

fn split_at(digits: &str, point: i32) -> Result<(&str, &str), fmt::Error> {
    let point = usize::try_from(point).map_err(|_| fmt::Error)?;
    digits.split_at_checked(point).ok_or(fmt::Error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        let number = text
            .parse::<u64>()
            .map(Number::from)
            .or_else(|_| text.parse::<i64>().map(Number::from))
            .unwrap_or_else(|_| Number::from_f64(text.parse().unwrap()).unwrap());
        Decimal::of(&number).unwrap()
    }

    #[test]
    fn t23_integers_keep_all_their_digits() {
        let ascending = [
            "-9223372036854775808",
            "-9007199254740993",
            "-1.5",
            "-0.1",
            "0",
            "5e-324",
            "0.1",
            "0.30000000000000004",
            "1",
            "1.0000000000000002",
            "9007199254740992",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "100000000000000000000",
            "1e308",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(decimal(a).cmp(&decimal(b)), i.cmp(&j), "{a} and {b}");
            }
        }
    }

    #[test]
    fn t25_minus_zero_is_zero_and_a_double_means_its_shortest_decimal() {
        assert_eq!(decimal("-0.0"), decimal("0"));
        assert_eq!(decimal("1e-400"), decimal("0"));
        assert_eq!(decimal("100.0"), decimal("1e2"));
        assert_eq!(decimal("1e20"), decimal("100000000000000000000"));
        // 2⁶³ as a double is written 9.223372036854776e18.
        assert_ne!(decimal("9223372036854775808.0"), decimal("9223372036854775808"));
        assert_eq!(decimal("9223372036854775808.0"), decimal("9223372036854776000"));
    }

    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        // The examples of RFC 8785, appendix B, that are numbers, and integers beyond 2⁵³.
        for (bits, text) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            assert_eq!(Decimal::of_double(f64::from_bits(bits)).unwrap().to_string(), text);
        }
        assert_eq!(decimal("18446744073709551615").to_string(), "18446744073709551615");
        assert_eq!(decimal("-9223372036854775808").to_string(), "-9223372036854775808");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(double in any::<f64>().prop_filter("finite", |d| d.is_finite())) {
            let written = Decimal::of_double(double).unwrap().to_string();
            prop_assert_eq!(written.parse::<f64>().ok().and_then(Decimal::of_double), Decimal::of_double(double));
        }

        #[test]
        fn doubles_keep_their_order(a in any::<f64>(), b in any::<f64>()) {
            if let (Some(x), Some(y)) = (Decimal::of_double(a), Decimal::of_double(b)) {
                prop_assert_eq!(Some(x.cmp(&y)), a.partial_cmp(&b));
            }
        }

        #[test]
        fn integers_keep_their_order(a in any::<i64>(), b in any::<u64>()) {
            let (x, y) = (decimal(&a.to_string()), decimal(&b.to_string()));
            prop_assert_eq!(x.cmp(&y), i128::from(a).cmp(&i128::from(b)));
        }

        #[test]
        fn equal_texts_mean_equal_numbers(a in any::<u64>(), shift in 0_u32..64) {
            let (a, b) = (decimal(&(a >> shift).to_string()), decimal(&format!("{}.0", a >> shift)));
            prop_assert_eq!(a == b, a.to_string() == b.to_string());
        }
    }
}
