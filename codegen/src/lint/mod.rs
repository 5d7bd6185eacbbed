//! What is legal in a specification, and a trap nevertheless. These are warnings, and looked for only where there is
//! no error: a broken reference would make a type unused, for one.

mod described;
mod signed;
mod used;

use crate::spec::document::Document;
use crate::spec::problems::Problems;

/// Reports all warnings.
pub(crate) fn check(document: &Document, problems: &mut Problems) {
    described::check(document, problems);
    signed::check(document, problems);
    used::check(document, problems);
}
