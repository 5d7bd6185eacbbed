//! "Did you mean …?"

/// What would be right.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Advice {
    /// In words; may be empty.
    pub(crate) text: String,
    /// A replacement, where one is plain enough.
    pub(crate) swap: Option<Swap>,
}

/// One text in place of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Swap {
    /// As it stands within the place of the problem.
    pub(crate) wrong: String,
    /// What should stand there.
    pub(crate) right: String,
}

impl Advice {
    /// Advice that can be followed by replacing a part of the place of the problem.
    pub(crate) fn swap(text: impl Into<String>, wrong: impl Into<String>, right: impl Into<String>) -> Self {
        Self { text: text.into(), swap: Some(Swap { wrong: wrong.into(), right: right.into() }) }
    }

    /// This advice, or other words where there is none.
    pub(crate) fn or(self, text: &str) -> Self {
        if self.text.is_empty() { text.into() } else { self }
    }
}

impl From<&str> for Advice {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Advice {
    fn from(text: String) -> Self {
        Self { text, swap: None }
    }
}

/// What would be right in place of `wrong`: the known word that looks like it, or else all known words after `intro`.
pub(crate) fn instead_of<S: AsRef<str>>(wrong: &str, known: &[S], intro: &str) -> Advice {
    if let Some(word) = similar_to(wrong, known) {
        return Advice::swap(format!("did you mean `{word}`?"), wrong, word);
    }
    let mut words: Vec<String> = known.iter().take(MAX_WORDS).map(|word| format!("`{}`", word.as_ref())).collect();
    if known.len() > MAX_WORDS {
        words.push("…".to_owned());
    }
    match words.len() {
        0 => Advice::default(),
        _ => format!("{intro} {}", words.join(", ")).into(),
    }
}

/// Maximum number of words in an advice.
const MAX_WORDS: usize = 40;

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
        let advice = |wrong| instead_of(wrong, &known, "known are").text;
        assert_eq!(advice("requird"), "did you mean `required`?");
        assert_eq!(advice("Type"), "did you mean `type`?");
        assert_eq!(advice("desc"), "did you mean `description`?");
        assert_eq!(advice("nothing"), "known are `description`, `required`, `type`");
        assert_eq!(instead_of::<&str>("nothing", &[], "known are"), Advice::default());
        let swap = Swap { wrong: "requird".to_owned(), right: "required".to_owned() };
        assert_eq!(instead_of("requird", &known, "known are").swap, Some(swap));
    }
}
