//! From the files of a specification to the API, or to everything that is wrong with them.

use std::path::Path;

use crate::diagnostic::{self, Place, Problem, Severity, Sources, Style, slashed};
use crate::lint;
use crate::model::{self, Api, Origin};
use crate::spec;
use crate::spec::files::Files;
use crate::spec::locate::{Located, places};

/// A specification that can be generated from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The API.
    pub api: Api,
    /// What a person should know of nevertheless, such as operations that are left out.
    pub warnings: Vec<Problem>,
    /// The files that the warnings are about.
    pub sources: Sources,
    files: Files,
}

impl Loaded {
    /// Where these are written, in their order; `None` for what was not read from this specification.
    ///
    /// This reads the files concerned once more: ask for everything at once.
    pub fn places(&self, origins: &[Origin]) -> Vec<Option<Place>> {
        let places = places(origins.iter().map(|origin| origin.span()), &self.files, &self.sources);
        origins.iter().map(|origin| places.get(&origin.span()).cloned()).collect()
    }
}

/// What is to be said of a specification, whether it can be generated from or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// Errors and warnings, by place.
    pub problems: Vec<Problem>,
    /// The files that they are about.
    pub sources: Sources,
}

impl Diagnosis {
    /// Draws the problems with their lines, without colours.
    pub fn drawn(&self) -> String {
        self.problems
            .iter()
            .map(|problem| diagnostic::draw(problem, &self.sources, Style::Plain))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Says what is wrong with the specification whose root file is `path`.
pub fn diagnose(path: &Path, workspace: &Path) -> Diagnosis {
    match load_counting(path, workspace) {
        Ok(Loaded { warnings: problems, sources, .. }) | Err(Located { problems, sources, .. }) => {
            Diagnosis { problems, sources }
        }
    }
}

/// Loads the specification whose root file is `path`.
///
/// Diagnostics and generated files name files relative to `workspace` if they lie in it.
pub fn load(path: &Path, workspace: &Path) -> Result<Loaded, Vec<Problem>> {
    load_counting(path, workspace).map_err(|located| located.problems)
}

/// The same; also says how many errors there are beyond those that are worth printing.
pub(crate) fn load_counting(path: &Path, workspace: &Path) -> Result<Loaded, Located> {
    let shown = shown(path, workspace);
    let mut reading = spec::read(path, &shown);
    let source = slashed(&shown);
    let api = model::build(&reading.document, &source, &mut reading.problems);
    if !reading.problems.has_errors() {
        lint::check(&reading.document, &mut reading.problems);
    }
    let (located, files) = reading.located();
    if located.problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(located);
    }
    Ok(Loaded { api, warnings: located.problems, sources: located.sources, files })
}

/// How a file is named: the same on every machine, if that is possible.
fn shown(path: &Path, workspace: &Path) -> std::path::PathBuf {
    let inside = path.strip_prefix(workspace).map(Path::to_owned).ok();
    let resolved = || {
        let path = path.canonicalize().ok()?;
        path.strip_prefix(workspace.canonicalize().ok()?).map(Path::to_owned).ok()
    };
    inside.or_else(resolved).unwrap_or_else(|| path.to_owned())
}
