//! What a condition comes to.

use crate::names::names;

names! {
    /// What a condition comes to: one of four values.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[expect(clippy::exhaustive_enums, reason = "part of the language, version 1")]
    pub enum Truth {
        /// Nothing is at the path.
        Absent = "absent",
        /// It does not hold.
        False = "false",
        /// What is at the path is not of a type that the operator compares.
        Mistyped = "mistyped",
        /// It holds.
        True = "true",
    }
}

impl Truth {
    /// Swaps true and false.
    pub(crate) fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            Self::Absent | Self::Mistyped => self,
        }
    }

    /// False if one is; else mistyped if one is; else absent if one is; else true.
    pub(crate) fn and(self, other: Self) -> Self {
        self.first_of([Self::False, Self::Mistyped, Self::Absent], other)
    }

    /// True if one is; else mistyped if one is; else absent if one is; else false.
    pub(crate) fn or(self, other: Self) -> Self {
        self.first_of([Self::True, Self::Mistyped, Self::Absent], other)
    }

    fn first_of(self, ranks: [Self; 3], other: Self) -> Self {
        ranks.into_iter().find(|rank| *rank == self || *rank == other).unwrap_or(self)
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Truth; 4] = [Truth::Absent, Truth::False, Truth::Mistyped, Truth::True];

    #[test]
    fn the_tables_of_the_language() {
        for a in ALL {
            for b in ALL {
                let one_is = |truth| a == truth || b == truth;
                let and = if one_is(Truth::False) {
                    Truth::False
                } else if one_is(Truth::Mistyped) {
                    Truth::Mistyped
                } else if one_is(Truth::Absent) {
                    Truth::Absent
                } else {
                    Truth::True
                };
                assert_eq!(a.and(b), and);
                assert_eq!(b.and(a), and);
                // De Morgan holds, for `not` leaves absent and mistyped.
                assert_eq!(a.not().or(b.not()), and.not());
            }
            assert_eq!(a.not().not(), a);
        }
    }
}
