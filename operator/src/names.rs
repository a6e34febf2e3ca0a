//! Names of what the operator makes: found again by computing them, never by remembering.

use auriga_crds::Digest;

/// The longest name and label value that every kind takes (RFC 1123 label).
const LONGEST: usize = 63;
/// Hex digits of a short hash: two names of one namespace meet by chance once in four billion pairs.
const SHORT: usize = 8;

/// The first hex digits of a sha256 over `parts`, which cannot run into each other.
pub fn short_hash(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(&part.len().to_string());
        text.push(':');
        text.push_str(part);
    }
    let mut hex = Digest::of(text.as_bytes()).hex();
    hex.truncate(SHORT);
    hex
}

/// `<stem>-<suffix>` as it is, if that fits; else as much of it as fits with a hash of the whole at the end.
///
/// `suffix` has at most 32 characters.
pub fn child(stem: &str, suffix: &str) -> String {
    let whole = format!("{stem}-{suffix}");
    if whole.len() <= LONGEST {
        return whole;
    }
    let room = LONGEST.saturating_sub(suffix.len() + SHORT + 2);
    let mut start: String = stem.chars().take(room).collect();
    while start.ends_with(['-', '.']) {
        start.pop();
    }
    format!("{start}-{}-{suffix}", short_hash(&[&whole]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_has_the_name_of_its_stem_as_long_as_that_fits() {
        assert_eq!(child("iris", "v7-5f2a9c01"), "iris-v7-5f2a9c01");
        assert_eq!(
            child(&"a".repeat(51), "v7-5f2a9c01"),
            format!("{}-v7-5f2a9c01", "a".repeat(51))
        );
    }

    #[test]
    fn a_long_stem_is_cut_and_two_that_are_cut_alike_stay_apart() {
        let (one, two) = (
            format!("{}-one", "a".repeat(60)),
            format!("{}-two", "a".repeat(60)),
        );
        for name in [
            child(&one, "v7-5f2a9c01"),
            child(&"a-".repeat(120), "v7-5f2a9c01"),
        ] {
            assert!(name.len() <= LONGEST && name.ends_with("-v7-5f2a9c01"), "{name}");
        }
        assert_ne!(child(&one, "fit"), child(&two, "fit"));
    }

    #[test]
    fn parts_of_a_hash_do_not_run_into_each_other() {
        assert_ne!(short_hash(&["ab", "c"]), short_hash(&["a", "bc"]));
    }
}
