//! Finds what somebody probably meant.

/// The candidate most like `wanted`, if one is alike enough that a slip of the pen explains the difference.
pub(crate) fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.trim().to_lowercase();
    let allowed = wanted.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::osa_distance(&wanted, &candidate.trim().to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognized_and_a_different_word_is_not() {
        let check = |wanted, expected| assert_eq!(nearest(wanted, ["species", " Width", "a"]), expected);
        check("speices", Some("species"));
        check("width", Some(" Width"));
        check("sp", None);
        check("target", None);
        check("", None);
    }
}
