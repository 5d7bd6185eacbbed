//! Advice such as "did you mean …?".

/// Maximum number of words that an advice lists.
const MAX_WORDS: usize = 40;

/// Advice on how to fix a problem.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Advice {
    /// The advice in words. May be empty.
    pub(crate) text: String,
    /// A replacement that follows the advice.
    pub(crate) swap: Option<Swap>,
}

/// A text and its replacement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Swap {
    /// The text to replace, which is part of the underlined place.
    pub(crate) wrong: String,
    /// The replacement.
    pub(crate) right: String,
}

impl Advice {
    /// Creates advice with a replacement.
    pub(crate) fn swap(text: impl Into<String>, wrong: impl Into<String>, right: impl Into<String>) -> Self {
        Self { text: text.into(), swap: Some(Swap { wrong: wrong.into(), right: right.into() }) }
    }

    /// Returns this advice or, if it is empty, the given text.
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

/// Suggests the known word that is similar to `wrong` or, if there is none, lists all known words after `intro`.
pub(crate) fn instead_of<S: AsRef<str>>(wrong: &str, known: &[S], intro: &str) -> Advice {
    if let Some(word) = similar_to(wrong, known) {
        return Advice::swap(format!("did you mean `{word}`?"), wrong, word);
    }
    if known.is_empty() {
        return Advice::default();
    }
    let mut words: Vec<String> = known.iter().take(MAX_WORDS).map(|word| format!("`{}`", word.as_ref())).collect();
    if known.len() > MAX_WORDS {
        words.push("…".to_owned());
    }
    format!("{intro} {}", words.join(", ")).into()
}

/// Returns the known word that is most similar to `wrong`, if one is similar enough.
pub(crate) fn similar_to<'w, S: AsRef<str>>(wrong: &str, known: &'w [S]) -> Option<&'w str> {
    // The time of a comparison grows with the product of the lengths, and a longer word is unlikely to be a typing
    // error.
    const MAX_LENGTH: usize = 64;
    // Among thousands of words, one is always similar by chance.
    const MAX_KNOWN: usize = 500;
    if wrong.len() > MAX_LENGTH {
        return None;
    }
    let words = || known.iter().take(MAX_KNOWN).map(AsRef::as_ref).filter(|word| word.len() <= MAX_LENGTH);
    // An abbreviation, such as `int` for `integer`.
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
    fn instead_of_suggests_a_similar_word_or_lists_all() {
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
