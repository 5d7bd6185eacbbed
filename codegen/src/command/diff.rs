//! `cargo codegen diff`: what a new version of a specification means to users of the SDK.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::workspace::Workspace;
use super::{Arguments, Failure, in_words};
use crate::diagnostic;
use crate::diff;
use crate::load::{Loaded, load_counting};

/// What to compare.
#[derive(Debug, Clone, Args)]
pub struct DiffArguments {
    /// The root file of the specification that users have
    pub old: PathBuf,
    /// The root file of the specification that they are to get
    pub new: PathBuf,
    /// How the differences are written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How the differences are written.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Format {
    /// A line for each, for people
    #[default]
    Text,
    /// One JSON object, for programs
    Json,
}

/// Compares, and writes what differs to `out`; breaking differences are a failure.
pub(super) fn diff(
    arguments: &Arguments,
    task: &DiffArguments,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    if arguments.spec.is_some() || arguments.out.is_some() {
        return Err(Failure::Usage(
            "`diff` takes two specifications, OLD and NEW, and neither --spec nor --out".into(),
        ));
    }
    let workspace = Workspace::around_here_or_here().map_err(Failure::Usage)?;
    // Both are read before anything is said, so that one run shows the faults of both.
    let old = read(&task.old, "OLD", &workspace.root, err)?;
    let new = read(&task.new, "NEW", &workspace.root, err)?;
    let (Some(old), Some(new)) = (old, new) else { return Err(Failure::NotComparable) };
    let report = diff::compare(&old, &new).map_err(|clash| Failure::Other(clash.to_string()))?;
    let written = match task.format {
        Format::Text => report.print(out),
        Format::Json => report.print_json(out),
    };
    written.map_err(|error| in_words("standard output", &error))?;
    if report.is_breaking() { Err(Failure::Breaking) } else { Ok(()) }
}

/// Reads one of the two. What is wrong with it is written to `err`, with which of them it is.
fn read(path: &Path, which: &str, root: &Path, err: &mut dyn Write) -> Result<Option<Loaded>, Failure> {
    let said = |error: std::io::Error| in_words("standard error", &error);
    match load_counting(path, root) {
        Ok(loaded) => {
            diagnostic::print(&loaded.warnings, err).map_err(said)?;
            Ok(Some(loaded))
        }
        Err(located) => {
            let problems = super::print_problems(&located, err).map_err(said)?;
            writeln!(err, "{problems} in {which}, {}; nothing was compared", path.display()).map_err(said)?;
            Ok(None)
        }
    }
}
