//! What the repository knows of each operation: a table for people, made of what is there and of nothing that is only
//! claimed.

mod evidence;
mod official;
mod register;
mod table;

use std::path::Path;

use crate::load::Loaded;
use crate::model::Operation;
use crate::rust::names::{plain, snake_case};
use crate::rust::surface::method_name;
use evidence::{Evidence, Scenario};
use register::Register;

/// Where the table lies, relative to the workspace.
pub(crate) const TABLE: &str = "specs/COVERAGE.md";

/// An operation and what there is for it. Every field is filled: what is missing prevents the table.
#[derive(Debug)]
struct Row<'a> {
    operation: &'a Operation,
    /// The file and line of the specification.
    file: String,
    line: usize,
    /// `Bucket::put_object`
    method: String,
    /// The file that has the method, without `.rs`.
    module: String,
    /// How the emulator is reached, or why it is not.
    route: Result<String, String>,
    /// The scenario that shows it best, or why there is none.
    scenario: Result<Scenario, String>,
    /// In the SDKs of [`Register::official`], or why not.
    official: Vec<Result<String, String>>,
}

/// Whether the workspace keeps such a table.
pub(crate) fn is_kept(root: &Path) -> bool {
    root.join(TABLE).exists() || root.join(register::FILE).exists()
}

/// The table in Markdown, or everything that is missing for it.
pub(crate) fn make(loaded: &Loaded, root: &Path) -> Result<String, Vec<String>> {
    let register = Register::read(root).map_err(|error| vec![error])?;
    let evidence = Evidence::read(root).map_err(|error| vec![error])?;
    let mut gaps = register.stale(&loaded.api);
    gaps.extend(evidence.stale(&loaded.api));
    let origins: Vec<_> = loaded.api.operations.iter().map(|operation| operation.origin).collect();
    let mut rows = Vec::new();
    for (operation, place) in loaded.api.operations.iter().zip(loaded.places(&origins)) {
        let Some(place) = place else {
            gaps.push(format!("{}: its place in the specification is unknown", operation.id));
            continue;
        };
        let wire = evidence.wire(operation);
        let route = register.route(operation, &evidence);
        let scenario = register.scenario(operation, &evidence);
        let official: Vec<_> = register.official.iter().map(|sdk| sdk.method(operation)).collect();
        match (wire, route, scenario, collect(official)) {
            (Ok(()), Ok(route), Ok(scenario), Ok(official)) => {
                rows.push(Row {
                    operation,
                    file: place.file,
                    line: place.line,
                    method: method_name(operation),
                    module: plain(&snake_case(&operation.id)).to_owned(),
                    route,
                    scenario,
                    official,
                });
            }
            (wire, route, scenario, official) => {
                gaps.extend([wire.err(), route.err(), scenario.err()].into_iter().flatten());
                gaps.extend(official.err().into_iter().flatten());
            }
        }
    }
    if gaps.is_empty() { Ok(table::print(&rows, &register)) } else { Err(gaps) }
}

fn collect<T>(results: Vec<Result<T, String>>) -> Result<Vec<T>, Vec<String>> {
    let mut failed = Vec::new();
    let mut fine = Vec::new();
    for result in results {
        match result {
            Ok(value) => fine.push(value),
            Err(error) => failed.push(error),
        }
    }
    if failed.is_empty() { Ok(fine) } else { Err(failed) }
}
