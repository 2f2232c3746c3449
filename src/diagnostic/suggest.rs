//! "Did you mean …?"

/// The candidate that is nearest to a word, if it is near: within a third of the word's length.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let length = word.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    // Case is what is got wrong most often, and costs nothing.
    let lower = word.to_lowercase();
    let near = length.wrapping_div(3);
    let distances = candidates.iter().map(|candidate| {
        let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
        (distance, *candidate)
    });
    distances
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Longer words are not compared: no name of the language is half as long.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["require", "deny_if", "approve_if", "limits"];
        assert_eq!(nearest("deny_iff", &names), Some("deny_if"));
        assert_eq!(nearest("Require", &names), Some("require"));
        assert_eq!(nearest("limit", &names), Some("limits"));
        assert_eq!(nearest("colour", &names), None);
        assert_eq!(nearest("", &names), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), &names), None);
    }
}
