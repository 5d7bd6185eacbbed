//! What `cargo codegen` does.

mod check;
mod coverage;
mod diff;
mod difference;
mod folder;
mod workspace;
mod write;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::diagnostic::{self, Severity, count};
use crate::load::load_counting;
use crate::model::Api;
use crate::render::{self, Files};
use crate::spec::problems::Located;
pub use diff::{DiffArguments, Format};
use folder::Folder;
use workspace::Workspace;

/// Where the specification lies, relative to the workspace.
const SPEC: &str = "specs/qingstor/2016-01-06/api.yaml";
/// Where the generated files lie, relative to the workspace.
const OUT: &str = "sdk/src/generated";

/// Writes the operations of qingstor-sdk from the specification of the QingStor API.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "cargo codegen", bin_name = "cargo codegen", version)]
pub struct Arguments {
    /// What to do; without it, the files are generated
    #[command(subcommand)]
    pub task: Option<Task>,
    /// The root file of the specification [default: specs/qingstor/2016-01-06/api.yaml in the workspace]
    #[arg(long, value_name = "FILE", global = true)]
    pub spec: Option<PathBuf>,
    /// The folder of the generated files [default: sdk/src/generated in the workspace]
    #[arg(long, value_name = "DIR", global = true)]
    pub out: Option<PathBuf>,
}

/// What to do other than generating.
#[derive(Debug, Clone, Subcommand)]
pub enum Task {
    /// Write nothing; fail, showing the difference, if the generated files are not what the specification says
    Check,
    /// Write specs/COVERAGE.md: what there is for each operation; fail, saying what is missing, if that is not all
    Coverage,
    /// Compare two specifications as users of the SDK see them: what is breaking, an addition, a fix
    ///
    /// Exit code: 0 if nothing is breaking, 1 if something is, 2 if they could not be compared.
    Diff(DiffArguments),
}

/// What prevents success.
#[derive(Debug)]
enum Failure {
    /// The command cannot be understood.
    Usage(String),
    /// The specification is faulty.
    Faulty(Located),
    /// The generated files are not what they should be; said already.
    OutOfDate,
    /// What is missing for the table of operations.
    Uncovered(Vec<String>),
    /// Users of one specification cannot do with the other; said already.
    Breaking,
    /// One of two specifications is faulty; said already.
    NotComparable,
    /// Anything else, in words.
    Other(String),
}

/// Runs the command. Results go to `out`, problems to `err`.
pub fn run(arguments: &Arguments, out: &mut dyn Write, err: &mut dyn Write) -> ExitCode {
    let Err(failure) = attempt(arguments, out, err) else { return ExitCode::SUCCESS };
    // Nobody is left to hear of it if this cannot be written.
    let _unheard = match &failure {
        Failure::Usage(message) | Failure::Other(message) => writeln!(err, "error: {message}"),
        Failure::Faulty(located) => report(located, err),
        Failure::OutOfDate | Failure::Breaking | Failure::NotComparable => Ok(()),
        Failure::Uncovered(gaps) => report_gaps(gaps, err),
    };
    let code = match (failure, &arguments.task) {
        (Failure::Usage(_) | Failure::NotComparable, _) => 2,
        // There 1 is an answer, and this is none.
        (Failure::Other(_), Some(Task::Diff(_))) => 2,
        _ => 1,
    };
    ExitCode::from(code)
}

fn report(located: &Located, err: &mut dyn Write) -> io::Result<()> {
    let problems = print_problems(located, err)?;
    writeln!(err, "{problems}; nothing was written")
}

/// Writes all problems; says how many errors they are: `2 problems`.
fn print_problems(located: &Located, err: &mut dyn Write) -> io::Result<String> {
    diagnostic::print(&located.problems, err)?;
    let errors = located.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    Ok(count(errors + located.unkept, "problem"))
}

fn report_gaps(gaps: &[String], err: &mut dyn Write) -> io::Result<()> {
    for gap in gaps {
        writeln!(err, "error: {gap}")?;
    }
    writeln!(err, "{}; nothing was written", count(gaps.len(), "gap"))
}

fn attempt(arguments: &Arguments, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let only_checks = match &arguments.task {
        Some(Task::Diff(task)) => return diff::diff(arguments, task, out, err),
        Some(Task::Check) => true,
        Some(Task::Coverage) | None => false,
    };
    let workspace = Workspace::find(arguments).map_err(Failure::Usage)?;
    let is_own = arguments.spec.is_none() && arguments.out.is_none();
    let is_coverage = matches!(arguments.task, Some(Task::Coverage));
    if is_coverage && !is_own {
        let message = "the coverage table is about the workspace's own specification: leave --spec and --out away";
        return Err(Failure::Usage(message.to_owned()));
    }
    let spec = arguments.spec.clone().unwrap_or_else(|| workspace.root.join(SPEC));
    let target = arguments.out.clone().unwrap_or_else(|| workspace.root.join(OUT));
    let loaded = load_counting(&spec, &workspace.root).map_err(Failure::Faulty)?;
    diagnostic::print(&loaded.warnings, err).map_err(|error| in_words("standard error", &error))?;
    if is_coverage {
        return coverage::write(&loaded, &workspace, out);
    }
    let files = render::generate(&loaded.api).map_err(|error| Failure::Other(error.to_string()))?;
    let shown = workspace.shown(&target);
    let folder = Folder::read(&target, &files).map_err(Failure::Other)?;
    if !only_checks {
        return generate(&loaded.api, &files, &folder, &shown, out);
    }
    let generated = check::check(&files, &folder, &shown, out, err);
    let covered = if is_own { coverage::check(&loaded, &workspace, out, err) } else { Ok(()) };
    generated.and(covered)
}

fn generate(api: &Api, files: &Files, folder: &Folder, shown: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let changed = write::write(files, folder, shown).map_err(Failure::Other)?;
    let changes =
        if changed == 0 { "nothing changed".to_owned() } else { format!("{} changed", count(changed, "file")) };
    let (operations, types) = (count(api.operations.len(), "operation"), count(api.types.len(), "type"));
    writeln!(out, "generated {operations}, {types} into {shown} ({changes})")
        .map_err(|error| in_words("standard output", &error))
}

fn in_words(what: &str, error: &dyn Display) -> Failure {
    Failure::Other(format!("{what}: {error}"))
}

/// A path with `/` on every system.
fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
