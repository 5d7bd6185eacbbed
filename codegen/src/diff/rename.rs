//! "Did it become …?"

use crate::spec::suggest::similar_to;

/// What is there now and was not before, and whether it is like what is gone but for its name.
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    pub(super) is_alike: bool,
}

/// What something that is gone may have become: what is alike, if there is just one such thing, or else what is called
/// similarly.
pub(super) fn hint(gone: &str, candidates: &[Candidate<'_>]) -> String {
    let mut alike = candidates.iter().filter(|candidate| candidate.is_alike).map(|candidate| candidate.name);
    let only = alike.next().filter(|_| alike.next().is_none());
    let names = || candidates.iter().map(|candidate| candidate.name).collect::<Vec<_>>();
    let became = only.map(str::to_owned).or_else(|| similar_to(gone, &names()).map(str::to_owned));
    became.map(|name| format!("did it become `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_alike_is_meant_and_otherwise_the_name_decides() {
        let candidates = |alike: [bool; 2]| {
            [("max_keys", alike[0]), ("limits", alike[1])].map(|(name, is_alike)| Candidate { name, is_alike })
        };
        assert_eq!(hint("limit", &candidates([true, false])), "did it become `max_keys`?");
        assert_eq!(hint("limit", &candidates([true, true])), "did it become `limits`?");
        assert_eq!(hint("prefix", &candidates([false, false])), "");
    }
}
