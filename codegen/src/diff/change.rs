//! What a comparison says.

use serde::Serialize;

use super::impact::Impact;
use crate::diagnostic::Place;
use crate::model::Origin;
use crate::rust::surface::Surface;

/// All differences.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The root file of the specification that users have.
    pub old: String,
    /// The root file of the one that they are to get.
    pub new: String,
    /// Operations, then types, those without a difference left out.
    pub groups: Vec<Group>,
}

/// The differences of one operation or type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Which of the two.
    pub kind: Kind,
    /// `operationId`, or the definition's name.
    pub name: String,
    /// What it is in Rust: `Bucket::list_objects`, `types::Owner`.
    pub rust: String,
    /// At least one.
    pub changes: Vec<Change>,
}

/// What a group is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An operation, with its input and output.
    Operation,
    /// A structure or an enumeration.
    Type,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What it means to users.
    pub verdict: Verdict,
    /// Which part of the operation or type: `input limit`. Empty for the whole of it.
    pub part: String,
    /// What has changed.
    pub message: String,
    /// What it may have become; empty if nobody can guess.
    pub hint: String,
    /// Which specification [`place`](Self::place) is in.
    pub side: Side,
    /// Where it is written.
    pub place: Option<Place>,
}

/// What a difference means to users, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing but the documentation changes.
    Docs,
    /// What failed works.
    Fix,
    /// Something can be used that was not there.
    Addition,
    /// Programs compile, but send, receive or fail to send something else.
    BreakingBehaviour,
    /// Programs that used it do not compile.
    Breaking,
}

impl Verdict {
    /// Whether users have to act.
    pub fn is_breaking(self) -> bool {
        self >= Self::BreakingBehaviour
    }
}

/// The message of a difference that nobody has to read to decide about a version.
pub(super) const DESCRIPTION: &str = "another description";

/// One of two specifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The one that users have.
    Old,
    /// The one that they are to get.
    New,
}

/// A difference of the model, and what there would be if it were the only one.
#[derive(Debug)]
pub(super) struct Cause<T> {
    pub(super) part: String,
    pub(super) message: String,
    pub(super) hint: String,
    pub(super) side: Side,
    pub(super) origin: Origin,
    /// Whether the message itself says that nothing comes of it.
    pub(super) is_documentation: bool,
    pub(super) alone: T,
}

impl<T> Cause<T> {
    pub(super) fn new(part: impl Into<String>, message: impl Into<String>, origin: Origin, alone: T) -> Self {
        let (part, message) = (part.into(), message.into());
        Self { part, message, hint: String::new(), side: Side::New, origin, is_documentation: false, alone }
    }

    /// For what nobody expects to do anything.
    pub(super) fn documentation(mut self) -> Self {
        self.is_documentation = true;
        self
    }

    /// For what is only in the old specification.
    pub(super) fn gone(mut self, hint: String) -> Self {
        (self.side, self.hint) = (Side::Old, hint);
        self
    }

    /// The same cause, as one of something larger.
    pub(super) fn within<U>(self, larger: impl FnOnce(T) -> U) -> Cause<U> {
        let Self { part, message, hint, side, origin, is_documentation, alone } = self;
        Cause { part, message, hint, side, origin, is_documentation, alone: larger(alone) }
    }
}

/// A [`Change`] whose line is not known yet.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    pub(super) part: String,
    pub(super) message: String,
    pub(super) hint: String,
    pub(super) side: Side,
    pub(super) origin: Origin,
}

impl Found {
    pub(super) fn at(self, place: Option<Place>) -> Change {
        let Self { verdict, part, message, hint, side, .. } = self;
        Change { verdict, part, message, hint, side, place }
    }
}

/// A [`Group`] of those.
#[derive(Debug)]
pub(super) struct FoundGroup {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) rust: String,
    pub(super) changes: Vec<Found>,
}

/// The verdict on each cause. `whole` is the change of everything together, `origin` the place of it.
pub(super) fn judge<T>(
    causes: Vec<Cause<T>>,
    (old, new): (&Surface, &Surface),
    origin: Origin,
    mut surface: impl FnMut(&T) -> Surface,
) -> Vec<Found> {
    let mut changes = Vec::new();
    let mut unexplained = Impact::between(old, new);
    for cause in causes {
        let impact = Impact::between(old, &surface(&cause.alone));
        unexplained.without(&impact);
        let mut message = impact.told_with(&cause.message);
        if impact.verdict() == Verdict::Docs && !cause.is_documentation {
            message.push_str(", which changes nothing in the SDK");
        }
        let Cause { part, hint, side, origin, .. } = cause;
        changes.push(Found { verdict: impact.verdict(), part, message, hint, side, origin });
    }
    // What only several differences together bring about is not to be passed over.
    if unexplained.verdict() > Verdict::Docs {
        let message = unexplained.told_with("changes by all of this together");
        changes.push(Found {
            verdict: unexplained.verdict(),
            part: String::new(),
            message,
            hint: String::new(),
            side: Side::New,
            origin,
        });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(items: &[(&str, &str)]) -> Surface {
        let rust = items.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        Surface { rust, ..Surface::default() }
    }

    #[test]
    fn what_no_cause_explains_is_reported_too() {
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
}
