//! `cargo codegen diff`: what a new version of a specification means to users of the SDK.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::report::{Failure, Format, Reporter, in_words};
use super::workspace::Workspace;
use crate::diff;
use crate::load::{Loaded, load_counting};

/// What to compare.
#[derive(Debug, Clone, Args)]
pub struct DiffArguments {
    /// The root file of the specification that users have
    pub old: PathBuf,
    /// The root file of the specification that they are to get
    pub new: PathBuf,
}

/// Compares, and writes what differs to `out`; breaking differences are a failure.
pub(super) fn diff(
    task: &DiffArguments,
    format: Format,
    out: &mut dyn Write,
    reporter: &mut Reporter<'_>,
) -> Result<(), Failure> {
    let workspace = Workspace::find(false).map_err(Failure::Usage)?;
    // Both are read before anything is said, so that one run shows the faults of both.
    let old = read(&task.old, "OLD", &workspace.root, reporter)?;
    let new = read(&task.new, "NEW", &workspace.root, reporter)?;
    let (Some(old), Some(new)) = (old, new) else { return Err(Failure::NotComparable) };
    let report = diff::compare(&old, &new);
    let written = match format {
        Format::Human => report.print(out),
        Format::Json => report.print_json(out),
    };
    written.map_err(|error| in_words("standard output", &error))?;
    if report.is_breaking() { Err(Failure::Said) } else { Ok(()) }
}

/// Reads one of the two. What is wrong with it is reported, with which of them it is.
fn read(path: &Path, which: &str, root: &Path, reporter: &mut Reporter<'_>) -> Result<Option<Loaded>, Failure> {
    let said = |error: std::io::Error| in_words("standard error", &error);
    match load_counting(path, root) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(located) => {
            let consequence = format!("{which}, {}, cannot be compared", path.display());
            reporter.faulty(&located, Some(&consequence)).map_err(said)?;
            Ok(None)
        }
    }
}
