//! "Did you mean …?"

/// What would be right in place of `wrong`: the known word that looks like it, or else all known words after `intro`.
pub(crate) fn instead_of<S: AsRef<str>>(wrong: &str, known: &[S], intro: &str) -> String {
    if let Some(word) = similar_to(wrong, known) {
        return format!("did you mean `{word}`?");
    }
    let mut words: Vec<String> = known.iter().take(MOST).map(|word| format!("`{}`", word.as_ref())).collect();
    if known.len() > MOST {
        words.push("…".to_owned());
    }
    match words.len() {
        0 => String::new(),
        _ => format!("{intro} {}", words.join(", ")),
    }
}

/// A list of more words helps nobody.
const MOST: usize = 40;

/// The known word that `wrong` was most likely meant to be.
pub(crate) fn similar_to<'w, S: AsRef<str>>(wrong: &str, known: &'w [S]) -> Option<&'w str> {
    // Comparing takes time with the product of the lengths; a long word is no typing error.
    if wrong.len() > 64 {
        return None;
    }
    // Among thousands of words there is always a similar one.
    let words = || known.iter().take(500).map(AsRef::as_ref).filter(|word| word.len() <= 64);
    // `int` for `integer`: too different for a typing error, and clear nevertheless.
    if let Some(word) = words().find(|word| wrong.len() >= 3 && word.starts_with(wrong)) {
        return Some(word);
    }
    words()
        .map(|word| (strsim::osa_distance(&wrong.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance * 3 <= wrong.len().max(word.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_gets_the_word_meant() {
        let known = ["description", "required", "type"];
        assert_eq!(instead_of("requird", &known, "known are"), "did you mean `required`?");
        assert_eq!(instead_of("Type", &known, "known are"), "did you mean `type`?");
        assert_eq!(instead_of("desc", &known, "known are"), "did you mean `description`?");
        assert_eq!(instead_of("nothing", &known, "known are"), "known are `description`, `required`, `type`");
        assert_eq!(instead_of::<&str>("nothing", &[], "known are"), "");
    }
}
