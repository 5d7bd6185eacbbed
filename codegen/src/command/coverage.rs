//! `cargo codegen coverage`, and what `check` asks of its table.

use std::fs;
use std::io::{self, Write};

use similar::TextDiff;

use super::report::Reporter;
use super::workspace::Workspace;
use super::{Failure, UNWRITTEN, in_words};
use crate::coverage::{self, TABLE};
use crate::diagnostic::count;
use crate::load::Loaded;

/// Writes the table.
pub(super) fn write(
    loaded: &Loaded,
    workspace: &Workspace,
    out: &mut dyn Write,
    reporter: &mut Reporter<'_>,
) -> Result<(), Failure> {
    let table = coverage::make(loaded, &workspace.root).map_err(|gaps| said(reporter.gaps(&gaps, Some(UNWRITTEN))))?;
    let path = workspace.root.join(TABLE);
    let changed = fs::read_to_string(&path).ok().as_deref() != Some(table.as_str());
    if changed {
        fs::write(&path, table).map_err(|error| in_words(TABLE, &error))?;
    }
    let operations = count(loaded.api.operations.len(), "operation");
    writeln!(out, "{operations} in {TABLE} ({})", if changed { "changed" } else { "nothing changed" })
        .map_err(|error| in_words("standard output", &error))
}

/// Says whether the table is what would be written. A workspace without a table is asked for none.
pub(super) fn check(
    loaded: &Loaded,
    workspace: &Workspace,
    out: &mut dyn Write,
    reporter: &mut Reporter<'_>,
) -> Result<(), Failure> {
    if !coverage::is_kept(&workspace.root) {
        return Ok(());
    }
    // Said here and not by the caller, who may have other differences to speak of.
    let table = coverage::make(loaded, &workspace.root).map_err(|gaps| said(reporter.gaps(&gaps, None)))?;
    let found = fs::read_to_string(workspace.root.join(TABLE)).unwrap_or_default();
    let shown = if found == table {
        writeln!(out, "{TABLE} is up to date ({})", count(loaded.api.operations.len(), "operation"))
    } else {
        let diff = TextDiff::from_lines(found.as_str(), table.as_str());
        write!(out, "{}", diff.unified_diff().context_radius(0).header(TABLE, TABLE))
            .and_then(|()| reporter.file(TABLE, "is out of date"))
            .and_then(|()| reporter.conclude("  help: run `cargo codegen coverage`"))
    };
    shown.map_err(|error| in_words("standard output", &error))?;
    if found == table { Ok(()) } else { Err(Failure::Said) }
}

fn said(written: io::Result<()>) -> Failure {
    written.map_or_else(|error| in_words("standard error", &error), |()| Failure::Said)
}
