//! The verdict on each difference: what would become of the SDK if it were the only one.

use super::impact::Impact;
use super::report::{Change, Side, Verdict};
use crate::model::Origin;
use crate::rust::surface::Surface;
use crate::spec::suggest::similar_to;

/// A difference of the model.
#[derive(Debug)]
pub(super) struct Cause<T> {
    change: Change,
    /// True if the message itself says that the difference has no effect.
    is_documentation: bool,
    /// The old model with this difference only.
    alone: T,
}

impl<T> Cause<T> {
    pub(super) fn new(part: impl Into<String>, message: impl Into<String>, origin: Origin, alone: T) -> Self {
        Self { change: Change::new(part, message, origin), is_documentation: false, alone }
    }

    /// Marks a difference that is expected to have no effect.
    pub(super) fn documentation(mut self) -> Self {
        self.is_documentation = true;
        self
    }

    /// Marks a part that exists only in the old specification.
    pub(super) fn gone(mut self, hint: String) -> Self {
        (self.change.side, self.change.hint) = (Side::Old, hint);
        self
    }

    /// Returns the same cause as part of something larger.
    pub(super) fn within<U>(self, larger: impl FnOnce(T) -> U) -> Cause<U> {
        Cause { change: self.change, is_documentation: self.is_documentation, alone: larger(self.alone) }
    }
}

/// Judges each cause by the surface that it alone leads to. `origin` is the place of the operation or type.
pub(super) fn judge<T>(
    causes: Vec<Cause<T>>,
    (old, new): (&Surface, &Surface),
    origin: Origin,
    mut surface: impl FnMut(&T) -> Surface,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut unexplained = Impact::between(old, new);
    for Cause { mut change, is_documentation, alone } in causes {
        let impact = Impact::between(old, &surface(&alone));
        unexplained.without(&impact);
        change.verdict = impact.verdict();
        change.message = impact.told_with(&change.message);
        if change.verdict == Verdict::Docs && !is_documentation {
            change.message.push_str(", which changes nothing in the SDK");
        }
        changes.push(change);
    }
    // An effect that only several differences have together must be reported, too.
    if unexplained.verdict() > Verdict::Docs {
        let message = unexplained.told_with("changes by all of this together");
        changes.push(Change { verdict: unexplained.verdict(), ..Change::new("", message, origin) });
    }
    changes
}

/// A new part, as a candidate for the successor of a removed one.
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    /// True if it differs from the removed part only in its name.
    pub(super) is_alike: bool,
}

/// Guesses the successor of a removed part: the only candidate that is alike, or else one with a similar name.
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

    fn surface(items: &[(&str, &str)]) -> Surface {
        let rust = items.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        Surface { rust, ..Surface::default() }
    }

    #[test]
    fn reports_changes_that_no_single_cause_explains() {
        let (old, new) = (surface(&[("A.a", "u32"), ("A.b", "u32")]), surface(&[("A.a", "u64"), ("A.b", "u64")]));
        let cause = || {
            Cause::new("field a", "is of another type", Origin::default(), surface(&[("A.a", "u64"), ("A.b", "u32")]))
        };
        let changes = judge(vec![cause()], (&old, &new), Origin::default(), Surface::clone);
        let said: Vec<(Verdict, &str, &str)> =
            changes.iter().map(|change| (change.verdict, change.part.as_str(), change.message.as_str())).collect();
        assert_eq!(
            said,
            [
                (Verdict::Breaking, "field a", "is of another type: `u32` → `u64`"),
                (Verdict::Breaking, "", "changes by all of this together: `u32` → `u64`"),
            ]
        );
    }

    #[test]
    fn hint_prefers_the_only_alike_candidate_to_a_similar_name() {
        let candidates = |alike: [bool; 2]| {
            [("max_keys", alike[0]), ("limits", alike[1])].map(|(name, is_alike)| Candidate { name, is_alike })
        };
        assert_eq!(hint("limit", &candidates([true, false])), "did it become `max_keys`?");
        assert_eq!(hint("limit", &candidates([true, true])), "did it become `limits`?");
        assert_eq!(hint("prefix", &candidates([false, false])), "");
    }
}
