//! Loads a specification: reads its files, builds the model and checks both.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnosis, Place, Problem, Sources, slashed};
use crate::lint;
use crate::model::{self, Api, Origin};
use crate::spec;
use crate::spec::files::Files;

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
    /// Returns the file, line and column of an origin, or `None` if the origin is in another specification.
    pub fn place(&self, origin: Origin) -> Option<Place> {
        self.files.place(origin.span())
    }
}

/// Returns all errors and warnings of the specification with the root file `path`.
pub fn diagnose(path: &Path, workspace: &Path) -> Diagnosis {
    match load_or_diagnose(path, workspace) {
        Ok(Loaded { warnings, sources, .. }) => Diagnosis { problems: warnings, omitted: 0, sources },
        Err(diagnosis) => diagnosis,
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
    load_or_diagnose(path, workspace).map_err(|diagnosis| diagnosis.problems)
}

/// Loads a specification like [`load`], but its error also contains the files and the number of errors that are not
/// listed.
pub(crate) fn load_or_diagnose(path: &Path, workspace: &Path) -> Result<Loaded, Diagnosis> {
    let shown = shown(path, workspace);
    let spec::Reading { document, mut problems, files } = spec::read(path, &shown);
    let api = model::build(&document, &slashed(&shown), &mut problems);
    let has_errors = problems.has_errors();
    if !has_errors {
        lint::check(&document, &mut problems);
    }
    let diagnosis = problems.locate(&files);
    if has_errors {
        return Err(diagnosis);
    }
    Ok(Loaded { api, warnings: diagnosis.problems, sources: diagnosis.sources, files })
}

/// Returns the path relative to the workspace, so that messages and generated files are the same on every machine.
fn shown(path: &Path, workspace: &Path) -> PathBuf {
    let relative = |path: &Path, workspace: &Path| path.strip_prefix(workspace).map(Path::to_owned).ok();
    relative(path, workspace)
        .or_else(|| relative(&path.canonicalize().ok()?, &workspace.canonicalize().ok()?))
        .unwrap_or_else(|| path.to_owned())
}
