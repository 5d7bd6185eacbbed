//! What `cargo codegen` does.

mod diff;
mod files;
mod report;
mod workspace;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::diagnostic::{codes, count, explain};
use crate::load::{Loaded, load_counting};
use crate::model::Api;
use crate::render;
use crate::spec::suggest::instead_of;
use files::Target;
use report::{Failure, Reporter, in_words};
use workspace::Workspace;

pub use diff::DiffArguments;
pub use report::Format;

/// Where the specification lies, relative to the workspace.
const SPEC: &str = "specs/qingstor/2016-01-06/api.yaml";
/// Where the generated files lie, relative to the workspace.
const OUT: &str = "sdk/src/generated";

const UNWRITTEN: &str = "nothing was written";

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
    /// How problems, and what `diff` finds, are written
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
    /// Fail, writing nothing, if there are warnings about the specification
    #[arg(long, global = true)]
    pub deny_warnings: bool,
    /// True if problems are drawn in colours; for the caller to say, who knows what the streams are.
    #[arg(skip)]
    pub coloured: bool,
}

/// What to do other than generating.
#[derive(Debug, Clone, Subcommand)]
pub enum Task {
    /// Write nothing; fail, showing the difference, if the generated files are not what the specification says
    Check,
    /// Compare two specifications as users of the SDK see them: what is breaking, an addition, a fix
    ///
    /// Exit code: 0 if nothing is breaking, 1 if something is, 2 if they could not be compared.
    Diff(DiffArguments),
    /// Say what the code of a problem means and how to mend it
    Explain {
        /// The code, such as `unknown-key`
        code: String,
    },
}

/// Runs the command. Results go to `out`, problems to `err`.
pub fn run(arguments: &Arguments, out: &mut dyn Write, err: &mut dyn Write) -> ExitCode {
    let mut reporter = Reporter::new(arguments.format, arguments.coloured, err);
    let Err(failure) = attempt(arguments, out, &mut reporter) else { return ExitCode::SUCCESS };
    // If standard error cannot be written, there is no way left to report that.
    let _unheard = match &failure {
        Failure::Usage(message) | Failure::Other(message) => reporter.failure(message),
        Failure::Faulty(located) => reporter.faulty(located, unwritten(arguments)),
        Failure::Said | Failure::NotComparable => Ok(()),
    };
    let code = match (failure, &arguments.task) {
        (Failure::Usage(_) | Failure::NotComparable, _) => 2,
        // There 1 is an answer, and this is none.
        (Failure::Other(_), Some(Task::Diff(_))) => 2,
        _ => 1,
    };
    ExitCode::from(code)
}

fn attempt(arguments: &Arguments, out: &mut dyn Write, reporter: &mut Reporter<'_>) -> Result<(), Failure> {
    match &arguments.task {
        None => generate(arguments, out, reporter),
        Some(Task::Check) => check(arguments, out, reporter),
        Some(Task::Diff(_)) if arguments.spec.is_some() || arguments.out.is_some() => {
            let message = "`diff` takes two specifications, OLD and NEW, and neither --spec nor --out";
            Err(Failure::Usage(message.to_owned()))
        }
        Some(Task::Diff(task)) => diff::diff(task, arguments.format, out, reporter),
        Some(Task::Explain { code }) => explain_code(code, out),
    }
}

fn generate(arguments: &Arguments, out: &mut dyn Write, reporter: &mut Reporter<'_>) -> Result<(), Failure> {
    let workspace = workspace(arguments)?;
    let loaded = load(arguments, &workspace, reporter)?;
    let changed = target(arguments, &workspace, &loaded.api)?.write().map_err(Failure::Other)?;
    let changes =
        if changed == 0 { "nothing changed".to_owned() } else { format!("{} changed", count(changed, "file")) };
    let operations = count(loaded.api.operations.len(), "operation");
    let types = count(loaded.api.types.len(), "type");
    let shown = workspace.shown(&out_folder(arguments, &workspace));
    writeln!(out, "generated {operations}, {types} into {shown} ({changes})")
        .map_err(|error| in_words("standard output", &error))
}

fn check(arguments: &Arguments, out: &mut dyn Write, reporter: &mut Reporter<'_>) -> Result<(), Failure> {
    let workspace = workspace(arguments)?;
    let loaded = load(arguments, &workspace, reporter)?;
    target(arguments, &workspace, &loaded.api)?.check(out, reporter)
}

/// What follows from a fault, for a task that would have written something.
fn unwritten(arguments: &Arguments) -> Option<&'static str> {
    arguments.task.is_none().then_some(UNWRITTEN)
}

fn load(arguments: &Arguments, workspace: &Workspace, reporter: &mut Reporter<'_>) -> Result<Loaded, Failure> {
    let spec = arguments.spec.clone().unwrap_or_else(|| workspace.root.join(SPEC));
    let loaded = load_counting(&spec, &workspace.root).map_err(Failure::Faulty)?;
    let denied = arguments.deny_warnings && !loaded.warnings.is_empty();
    let said = reporter.warnings(&loaded.warnings, &loaded.sources, denied, unwritten(arguments));
    said.map_err(|error| in_words("standard error", &error))?;
    if denied { Err(Failure::Said) } else { Ok(loaded) }
}

/// Returns the formatted files and the folder for them.
fn target(arguments: &Arguments, workspace: &Workspace, api: &Api) -> Result<Target, Failure> {
    let files = render::generate(api).map_err(Failure::Other)?;
    let files = render::format(&files, &workspace.root).map_err(Failure::Other)?;
    let path = out_folder(arguments, workspace);
    let shown = workspace.shown(&path);
    Target::read(files, path, shown).map_err(Failure::Other)
}

fn out_folder(arguments: &Arguments, workspace: &Workspace) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| workspace.root.join(OUT))
}

/// Returns the workspace around the current folder. It is not needed if both --spec and --out are given.
fn workspace(arguments: &Arguments) -> Result<Workspace, Failure> {
    Workspace::find(arguments.spec.is_none() || arguments.out.is_none()).map_err(Failure::Usage)
}

fn explain_code(code: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(text) = explain(code) else {
        let known: Vec<&str> = codes::ALL.iter().map(|code| code.name).collect();
        let help = instead_of(code, &known, "the codes are").text;
        return Err(Failure::Usage(format!("there is no code `{code}`\n  help: {help}")));
    };
    writeln!(out, "{text}").map_err(|error| in_words("standard output", &error))
}
