//! The grade of a server.

use std::fmt;

use crate::risk::Severity;

/// What the tools of a server can do to somebody who lets an agent use all of them, as a letter.
///
/// It is made of a score from 0 to 100:
///
/// > score = ⌈ (50 × worst + 50 × mean) ÷ 3 ⌉
///
/// where each tool has 0, 1, 2 or 3 points for a severity of low, medium, high or critical, `worst` is the most points that
/// one of the tools has, and `mean` what they have on average. Half of the score is about the one tool that an attack needs, and
/// half about how many there are.
///
/// | score | grade | for example |
/// |---|---|---|
/// | 0–9 | A | all tools read |
/// | 10–29 | B | a few tools write |
/// | 30–49 | C | most tools write, or some make things run |
/// | 50–69 | D | some tools destroy, or most make things run |
/// | 70–100 | F | some tools destroy, and most of the others change things |
///
/// The grade is of the server without a policy. It says nothing about how well the server is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the letters that people know from school")]
pub enum Grade {
    /// 0–9.
    A,
    /// 10–29.
    B,
    /// 30–49.
    C,
    /// 50–69.
    D,
    /// 70–100.
    F,
}

impl Grade {
    pub(super) const fn of(score: u8) -> Self {
        match score {
            0..=9 => Self::A,
            10..=29 => Self::B,
            30..=49 => Self::C,
            50..=69 => Self::D,
            _ => Self::F,
        }
    }

    /// The letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::B => 'B',
            Self::C => 'C',
            Self::D => 'D',
            Self::F => 'F',
        }
    }
}

/// The letter.
impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// The score of tools with these severities, 0 to 100; 0 where there are none.
pub(super) fn score(severities: impl Iterator<Item = Severity>) -> u8 {
    let (mut count, mut sum, mut worst) = (0_u64, 0_u64, 0_u64);
    for severity in severities {
        let points = points(severity);
        count = count.saturating_add(1);
        sum = sum.saturating_add(points);
        worst = worst.max(points);
    }
    // Over one denominator, 3 × count.
    let numerator = worst.saturating_mul(count).saturating_add(sum).saturating_mul(50);
    let score = match count.saturating_mul(3) {
        0 => 0,
        denominator => numerator.div_ceil(denominator),
    };
    u8::try_from(score).unwrap_or(100)
}

fn points(severity: Severity) -> u64 {
    match severity {
        Severity::Low => 0,
        Severity::Medium => 1,
        Severity::High => 2,
        Severity::Critical => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graded(severities: &[(Severity, usize)]) -> (u8, char) {
        let all = severities.iter().flat_map(|(severity, count)| std::iter::repeat_n(*severity, *count));
        let score = score(all);
        (score, Grade::of(score).letter())
    }

    #[test]
    fn the_grade_is_what_its_formula_says() {
        let (low, medium, high, critical) =
            (Severity::Low, Severity::Medium, Severity::High, Severity::Critical);
        assert_eq!(graded(&[]), (0, 'A'));
        assert_eq!(graded(&[(low, 40)]), (0, 'A'));
        assert_eq!(graded(&[(low, 9), (medium, 1)]), (19, 'B'));
        assert_eq!(graded(&[(medium, 10)]), (34, 'C'));
        assert_eq!(graded(&[(low, 99), (high, 1)]), (34, 'C'));
        assert_eq!(graded(&[(high, 1)]), (67, 'D'));
        assert_eq!(graded(&[(low, 99), (critical, 1)]), (51, 'D'));
        assert_eq!(graded(&[(low, 3), (critical, 2)]), (70, 'F'));
        assert_eq!(graded(&[(critical, 7)]), (100, 'F'));
    }

    #[test]
    fn a_worse_tool_never_makes_the_score_better() {
        for severity in Severity::ALL.windows(2) {
            for others in [0, 1, 5, 100] {
                let with = |last| score(std::iter::repeat_n(Severity::Medium, others).chain([last]));
                assert!(with(severity[0]) <= with(severity[1]), "{others}");
            }
        }
    }
}
