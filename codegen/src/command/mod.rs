//! The command `cargo codegen`.

mod files;
mod report;
mod workspace;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::diagnostic::{codes, count, explain, slashed};
use crate::load::{Loaded, load_or_diagnose};
use crate::model::Api;
use crate::spec::suggest::instead_of;
use crate::{diff, render};
use files::Target;
pub use report::Format;
use report::{Failure, Reporter};

/// Default root file of the specification, relative to the workspace.
const SPEC: &str = "specs/qingstor/2016-01-06/api.yaml";
/// Default folder of the generated files, relative to the workspace.
const OUT: &str = "sdk/src/generated";

/// Generates the operations of qingstor-sdk from the YAML specification of the QingStor API.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "cargo codegen", bin_name = "cargo codegen", version)]
pub struct Arguments {
    /// Task to run. Without a task, the command generates the files
    #[command(subcommand)]
    pub task: Option<Task>,
    /// Root file of the specification [default: specs/qingstor/2016-01-06/api.yaml in the workspace]
    #[arg(long, value_name = "FILE", global = true)]
    pub spec: Option<PathBuf>,
    /// Folder of the generated files [default: sdk/src/generated in the workspace]
    #[arg(long, value_name = "DIR", global = true)]
    pub out: Option<PathBuf>,
    /// Format of problems, and of the report of `diff`
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
    /// Treat warnings about the specification as errors
    #[arg(long, global = true)]
    pub deny_warnings: bool,
    /// True if problems are printed in colours.
    #[arg(skip)]
    pub coloured: bool,
}

/// A task other than generating the files.
#[derive(Debug, Clone, Subcommand)]
pub enum Task {
    /// Check that the generated files are up to date, without changing them
    ///
    /// If they are not, the command prints the differences and exits with 1.
    Check,
    /// Compare two versions of a specification and print what changes for users of the SDK
    ///
    /// Each change is breaking, an addition, a fix, or a change of the documentation. The command exits with 0 if no
    /// change is breaking, with 1 if one is, and with 2 if the specifications cannot be compared.
    Diff {
        /// Root file of the old specification
        old: PathBuf,
        /// Root file of the new specification
        new: PathBuf,
    },
    /// Explain what the code of a problem means and how to fix it
    Explain {
        /// Code, such as `unknown-key`
        code: String,
    },
}

/// Runs the command. Writes results to `out` and problems to `err`.
pub fn run(arguments: &Arguments, out: &mut dyn Write, err: &mut dyn Write) -> ExitCode {
    let mut reporter = Reporter::new(arguments.format, arguments.coloured, err);
    let (code, message) = match execute(arguments, out, &mut reporter) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => (2, Some(message)),
        // The exit code 1 of `diff` means that a change is breaking.
        Err(Failure::Error(message)) => {
            (if let Some(Task::Diff { .. }) = arguments.task { 2 } else { 1 }, Some(message))
        }
        Err(Failure::Reported(code)) => (code, None),
    };
    if let Some(message) = message {
        // If standard error cannot be written, there is no other place for the message.
        let _ = reporter.error(&message);
    }
    ExitCode::from(code)
}

fn execute(arguments: &Arguments, out: &mut dyn Write, reporter: &mut Reporter<'_>) -> Result<(), Failure> {
    match &arguments.task {
        None => generate(arguments, out, reporter),
        Some(Task::Check) => {
            let root = workspace_root(arguments)?;
            let loaded = load(arguments, &root, reporter)?;
            target(arguments, &root, &loaded.api)?.check(out, reporter)
        }
        Some(Task::Diff { .. }) if arguments.spec.is_some() || arguments.out.is_some() => {
            let message = "`diff` takes two specifications, OLD and NEW, and neither --spec nor --out";
            Err(Failure::Usage(message.to_owned()))
        }
        Some(Task::Diff { old, new }) => compare(old, new, arguments.format, out, reporter),
        Some(Task::Explain { code }) => explain_code(code, out),
    }
}

fn generate(arguments: &Arguments, out: &mut dyn Write, reporter: &mut Reporter<'_>) -> Result<(), Failure> {
    let root = workspace_root(arguments)?;
    let loaded = load(arguments, &root, reporter)?;
    let target = target(arguments, &root, &loaded.api)?;
    let changes = match target.write().map_err(Failure::Error)? {
        0 => "nothing changed".to_owned(),
        changed => format!("{} changed", count(changed, "file")),
    };
    let operations = count(loaded.api.operations.len(), "operation");
    let types = count(loaded.api.types.len(), "type");
    writeln!(out, "generated {operations}, {types} into {} ({changes})", target.shown).map_err(cannot_write)
}

fn compare(
    old: &Path,
    new: &Path,
    format: Format,
    out: &mut dyn Write,
    reporter: &mut Reporter<'_>,
) -> Result<(), Failure> {
    let root = workspace::find(false)?;
    let mut load = |path: &Path, name: &str| match load_or_diagnose(path, &root) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(diagnosis) => {
            let consequence = format!("; {name}, {}, cannot be compared", path.display());
            reporter.faulty(&diagnosis, &consequence).map(|()| None)
        }
    };
    // Both are loaded first, so that one run reports the errors of both.
    let (old, new) = (load(old, "OLD")?, load(new, "NEW")?);
    let (Some(old), Some(new)) = (old, new) else { return Err(Failure::Reported(2)) };
    let report = diff::compare(&old, &new);
    let written = match format {
        Format::Human => report.print(out),
        Format::Json => report.print_json(out),
    };
    written.map_err(cannot_write)?;
    if report.is_breaking { Err(Failure::Reported(1)) } else { Ok(()) }
}

fn explain_code(code: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(text) = explain(code) else {
        let known: Vec<&str> = codes::ALL.iter().map(|code| code.name).collect();
        let help = instead_of(code, &known, "the codes are").text;
        return Err(Failure::Usage(format!("there is no code `{code}`\n  help: {help}")));
    };
    writeln!(out, "{text}").map_err(cannot_write)
}

fn workspace_root(arguments: &Arguments) -> Result<PathBuf, Failure> {
    workspace::find(arguments.spec.is_none() || arguments.out.is_none())
}

/// Loads the specification and reports its problems.
fn load(arguments: &Arguments, root: &Path, reporter: &mut Reporter<'_>) -> Result<Loaded, Failure> {
    let spec = arguments.spec.clone().unwrap_or_else(|| root.join(SPEC));
    let consequence = if arguments.task.is_none() { "; nothing was written" } else { "" };
    let loaded = match load_or_diagnose(&spec, root) {
        Ok(loaded) => loaded,
        Err(diagnosis) => return Err(reporter.faulty(&diagnosis, consequence).err().unwrap_or(Failure::Reported(1))),
    };
    if loaded.warnings.is_empty() {
        return Ok(loaded);
    }
    reporter.problems(&loaded.warnings, &loaded.sources)?;
    let number = count(loaded.warnings.len(), "warning");
    if arguments.deny_warnings {
        reporter.conclude(&format!("{number}, denied by --deny-warnings{consequence}"))?;
        return Err(Failure::Reported(1));
    }
    reporter.conclude(&number)?;
    Ok(loaded)
}

/// Generates and formats the files, and reads the folder in which they are written or compared.
fn target(arguments: &Arguments, root: &Path, api: &Api) -> Result<Target, Failure> {
    let path = arguments.out.clone().unwrap_or_else(|| root.join(OUT));
    let shown = slashed(path.strip_prefix(root).unwrap_or(&path));
    let files = render::generate(api).and_then(|files| render::format(&files, root));
    files.and_then(|files| Target::read(files, path, shown)).map_err(Failure::Error)
}

fn cannot_write(error: io::Error) -> Failure {
    Failure::Error(format!("standard output cannot be written: {error}"))
}
