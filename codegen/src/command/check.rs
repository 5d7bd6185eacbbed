//! `cargo codegen check`: comparing without writing.

use std::io::{self, Write};

use similar::TextDiff;

use super::difference::Difference;
use super::folder::Folder;
use super::report::Reporter;
use super::{Failure, in_words};
use crate::diagnostic::count;
use crate::render::Files;

/// Says whether the folder holds the generated files and nothing else; if not, what differs.
pub(super) fn check(
    files: &Files,
    folder: &Folder,
    shown: &str,
    out: &mut dyn Write,
    reporter: &mut Reporter<'_>,
) -> Result<(), Failure> {
    let difference = Difference::between(files, folder);
    let said = if difference.is_none() {
        writeln!(out, "{shown} is up to date ({})", count(files.len(), "file"))
    } else {
        show(&difference, files, folder, shown, out).and_then(|()| conclude(&difference, shown, reporter))
    };
    said.map_err(|error| in_words("standard output", &error))?;
    if difference.is_none() { Ok(()) } else { Err(Failure::Said) }
}

/// The difference that generating would make, as a patch.
fn show(
    difference: &Difference<'_>,
    files: &Files,
    folder: &Folder,
    shown: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut touched: Vec<&str> =
        [&difference.missing, &difference.changed, &difference.stale].into_iter().flatten().copied().collect();
    touched.sort_unstable();
    for name in touched {
        let found = folder.files.get(name).and_then(|found| found.content.as_deref());
        let old = String::from_utf8_lossy(found.unwrap_or_default());
        let new = files.get(name).map_or("", String::as_str);
        let diff = TextDiff::from_lines(old.as_ref(), new);
        let path = format!("{shown}/{name}");
        let old_path = if folder.files.contains_key(name) { path.as_str() } else { "/dev/null" };
        let new_path = if files.contains_key(name) { path.as_str() } else { "/dev/null" };
        write!(out, "{}", diff.unified_diff().context_radius(3).header(old_path, new_path))?;
    }
    Ok(())
}

fn conclude(difference: &Difference<'_>, shown: &str, reporter: &mut Reporter<'_>) -> io::Result<()> {
    let kinds = [
        (&difference.missing, "is missing"),
        (&difference.changed, "is out of date"),
        (&difference.stale, "is no longer generated"),
        (&difference.unknown, "was not generated, and has no place here"),
    ];
    for (names, fault) in kinds {
        for name in names {
            reporter.file(&format!("{shown}/{name}"), fault)?;
        }
    }
    if difference.unknown.is_empty() {
        reporter.conclude("  help: run `cargo codegen`")
    } else {
        reporter.conclude("  help: move the files that were not generated elsewhere, then run `cargo codegen`")
    }
}
