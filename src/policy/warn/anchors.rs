//! Regular expressions that let through more than they seem to.

use regex_syntax::hir::{Hir, HirKind, Look};

/// Where other text may stand beside what a pattern describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Openings {
    After,
    Before,
    Both,
    /// Some alternatives are anchored at one end, others at the other.
    Mixed,
}

/// Where a pattern is open without saying so; `None` where it is closed, or open on purpose.
pub(super) fn openings(pattern: &str) -> Option<Openings> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut ends = Vec::new();
    alternatives(&hir, &mut ends);
    let any_loose = |first: bool| {
        ends.iter().any(|&(start, end)| {
            let (edge, other) = if first { (start, end) } else { (end, start) };
            edge == Edge::Loose || (edge == Edge::Sign && other != Edge::Anchored)
        })
    };
    let sides = |(start, end): &(Edge, Edge)| (*start == Edge::Anchored, *end == Edge::Anchored);
    // `^a|b$`: what looks like one pair of anchors is half of two.
    let has = |wanted| ends.iter().map(sides).any(|found| found == wanted);
    if has((true, false)) && has((false, true)) {
        return Some(Openings::Mixed);
    }
    match (any_loose(true), any_loose(false)) {
        (true, true) => Some(Openings::Both),
        (true, false) => Some(Openings::Before),
        (false, true) => Some(Openings::After),
        (false, false) => None,
    }
}

/// How a pattern begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Anchored,
    /// Other text may stand there, and the pattern does not say so.
    Loose,
    /// `.*` or `\b`: other text may stand there, and the pattern says so.
    Open,
    /// A sign that is no letter and no digit, such as `/` or a space: a prefix or suffix, if the other end is anchored.
    Sign,
}

/// The edges of every alternative.
fn alternatives(hir: &Hir, ends: &mut Vec<(Edge, Edge)>) {
    match hir.kind() {
        HirKind::Alternation(parts) => parts.iter().for_each(|part| alternatives(part, ends)),
        HirKind::Capture(capture) => alternatives(&capture.sub, ends),
        _ => ends.push((edge(hir, Side::First), edge(hir, Side::Last))),
    }
}

#[derive(Clone, Copy)]
enum Side {
    First,
    Last,
}

fn edge(hir: &Hir, side: Side) -> Edge {
    let anchored = match side {
        Side::First => hir.properties().look_set_prefix().contains(Look::Start),
        Side::Last => hir.properties().look_set_suffix().contains(Look::End),
    };
    if anchored {
        return Edge::Anchored;
    }
    match hir.kind() {
        HirKind::Capture(capture) => edge(&capture.sub, side),
        HirKind::Concat(parts) => {
            let part = match side {
                Side::First => parts.first(),
                Side::Last => parts.last(),
            };
            part.map_or(Edge::Loose, |part| edge(part, side))
        }
        // The loosest of the alternatives.
        HirKind::Alternation(parts) => {
            let edges: Vec<Edge> = parts.iter().map(|part| edge(part, side)).collect();
            let order = [Edge::Loose, Edge::Sign, Edge::Open];
            order.into_iter().find(|edge| edges.contains(edge)).unwrap_or(Edge::Anchored)
        }
        HirKind::Literal(literal) => {
            let byte = match side {
                Side::First => literal.0.first(),
                Side::Last => literal.0.last(),
            };
            let is_sign = |byte: &u8| byte.is_ascii_punctuation() || *byte == b' ';
            if byte.is_some_and(is_sign) { Edge::Sign } else { Edge::Loose }
        }
        HirKind::Look(
            Look::WordAscii
            | Look::WordUnicode
            | Look::WordStartAscii
            | Look::WordEndAscii
            | Look::WordStartUnicode
            | Look::WordEndUnicode,
        ) => Edge::Open,
        HirKind::Repetition(repetition)
            if repetition.min <= 1 && repetition.max.is_none() && is_dot(&repetition.sub) =>
        {
            Edge::Open
        }
        _ => Edge::Loose,
    }
}

/// Whether it is `.`, with or without line ends.
fn is_dot(hir: &Hir) -> bool {
    *hir == Hir::dot(regex_syntax::hir::Dot::AnyChar)
        || *hir == Hir::dot(regex_syntax::hir::Dot::AnyCharExceptLF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_anchored_or_open_on_purpose_is_closed() {
        for pattern in [
            "^[a-z]+$",
            r"\A[a-z]+\z",
            "^(?:a|b)$",
            "^(a|b)$",
            "^a$|^b$",
            r"^shop\.",
            r"\.txt$",
            "^/data/",
            ".*secret.*",
            r"\bprod\b",
            "^[a-z]+.*",
            "(?s).*[a-z]$",
            r"(?i)^shop\.",
            "^$",
            "^a+.+",
            "^/a/|^/b/",
            "^(/a/|/b/)",
            "(^|/)src/$",
            r"^https://example\.com(/|$)",
            "^SELECT ",
        ] {
            assert_eq!(openings(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn what_is_open_without_saying_so_is_found() {
        for (pattern, found) in [
            ("[a-z]+", Openings::Both),
            ("", Openings::Both),
            ("^", Openings::After),
            ("a|b", Openings::Both),
            ("foo|bar", Openings::Both),
            ("^foo|^bar$", Openings::After),
            ("^foo|bar$", Openings::Mixed),
            ("^[a-z]+", Openings::After),
            ("[a-z]+$", Openings::Before),
            (r"^https://example\.com", Openings::After),
            (r"example\.com$", Openings::Before),
            (r".*@example\.com", Openings::After),
            (r"\.", Openings::Both),
            ("(?m)^[a-z]+$", Openings::Both),
            ("^a|b|c$", Openings::Mixed),
        ] {
            assert_eq!(openings(pattern), Some(found), "{pattern}");
        }
    }
}
