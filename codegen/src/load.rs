//! Loads a specification: reads its files, builds the model and checks both.

use std::path::{Path, PathBuf};

use crate::diagnostic::{self, Place, Problem, Severity, Sources, Style, slashed};
use crate::lint;
use crate::model::{self, Api, Origin};
use crate::spec;
use crate::spec::files::Files;
use crate::spec::problems::Located;

/// A specification without errors.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The model of the API.
    pub api: Api,
    /// Warnings, which do not prevent code generation.
    pub warnings: Vec<Problem>,
    /// The files of the specification.
    pub sources: Sources,
    files: Files,
}

impl Loaded {
    /// Returns the line and column of an origin, or `None` if it is not from this specification.
    pub fn place(&self, origin: Origin) -> Option<Place> {
        self.files.place(origin.span())
    }
}

/// All problems of a specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// Errors and warnings, sorted by place.
    pub problems: Vec<Problem>,
    /// The files of the specification.
    pub sources: Sources,
}

impl Diagnosis {
    /// Returns the problems as the command prints them, without colours.
    pub fn drawn(&self) -> String {
        let drawn = self.problems.iter().map(|problem| diagnostic::draw(problem, &self.sources, Style::Plain));
        drawn.collect::<Vec<_>>().join("\n")
    }
}

/// Returns all errors and warnings of the specification with the root file `path`.
pub fn diagnose(path: &Path, workspace: &Path) -> Diagnosis {
    match load_located(path, workspace) {
        Ok(Loaded { warnings: problems, sources, .. }) | Err(Located { problems, sources, .. }) => {
            Diagnosis { problems, sources }
        }
    }
}

/// Loads the specification with the root file `path`.
///
/// Diagnostics and generated files contain paths relative to `workspace`, if the specification is in it.
///
/// # Errors
///
/// The problems of the specification, if there is an error among them.
pub fn load(path: &Path, workspace: &Path) -> Result<Loaded, Vec<Problem>> {
    load_located(path, workspace).map_err(|located| located.problems)
}

/// Loads a specification like [`load`]. The error also contains the files and the number of omitted problems.
pub(crate) fn load_located(path: &Path, workspace: &Path) -> Result<Loaded, Located> {
    let shown = shown(path, workspace);
    let spec::Reading { document, mut problems, files } = spec::read(path, &shown);
    let api = model::build(&document, &slashed(&shown), &mut problems);
    if !problems.has_errors() {
        lint::check(&document, &mut problems);
    }
    let located = problems.locate(&files);
    if located.problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(located);
    }
    Ok(Loaded { api, warnings: located.problems, sources: located.sources, files })
}

/// Returns the path relative to the workspace, so that messages and generated files are the same on every machine.
fn shown(path: &Path, workspace: &Path) -> PathBuf {
    let relative = |path: &Path, workspace: &Path| path.strip_prefix(workspace).map(Path::to_owned).ok();
    relative(path, workspace)
        .or_else(|| relative(&path.canonicalize().ok()?, &workspace.canonicalize().ok()?))
        .unwrap_or_else(|| path.to_owned())
}
