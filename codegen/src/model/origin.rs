//! Where the parts of an API are written.

use std::fmt;

use crate::spec::problems::Span;

/// Where something is written.
///
/// A line is worth knowing to a few and costs another reading of the file, so this is only the means to find it:
/// [`Loaded::places`](crate::Loaded::places) does. Two origins are always equal, so that what is written in two places
/// is the same if it says the same.
#[derive(Clone, Copy, Default)]
pub struct Origin(Option<Span>);

impl Origin {
    pub(crate) fn span(self) -> Option<Span> {
        self.0
    }
}

impl From<Span> for Origin {
    fn from(span: Span) -> Self {
        Self(Some(span))
    }
}

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Origin {}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
