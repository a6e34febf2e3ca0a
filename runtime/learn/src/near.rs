//! Guesses which name a mistyped one was meant to be.

/// Longer names, and candidates beyond this many, are not compared: a request must not buy much computing by a typo.
const LENGTH_MAX: usize = 64;
const CANDIDATES_MAX: usize = 500;

/// The candidate nearest to `name`, if it is near enough to be worth a guess: at most a third of its characters
/// differ, or only their case.
pub fn near<'a, S: AsRef<str> + ?Sized + 'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a S>,
) -> Option<String> {
    if name.len() > LENGTH_MAX {
        return None;
    }
    let wanted = name.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| candidate.as_ref())
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= 4 * allowed)
        .take(CANDIDATES_MAX)
        .map(|candidate| {
            (
                strsim::osa_distance(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate.to_owned())
}

/// The end of a message about a name that is not there.
pub(crate) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn a_slip_of_the_fingers_is_guessed_and_another_word_is_not() {
        let check = |name: &str, expected: Option<&str>| {
            let names = ["petalLength", "petalWidth", "age"];
            assert_eq!(near(name, &names).as_deref(), expected, "{name}");
        };
        check("petallength", Some("petalLength"));
        check("petlaWidth", Some("petalWidth"));
        check("aeg", Some("age"));
        check("income", None);
        check("", None);
        check(&"a".repeat(1_000_000), None);
    }
}
