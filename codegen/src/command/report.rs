//! Problems and failures on standard error, as text or as JSON.

use std::io::{self, Write};

use clap::ValueEnum;

use crate::diagnostic::{Diagnosis, Printer, Problem, Severity, Sources, Style, count, message};

/// Format of problems.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text with the lines of the specification
    #[default]
    Human,
    /// One JSON object in a line for each problem; codegen/DIAGNOSTICS.md describes its fields
    Json,
}

/// Reason why the command fails.
#[derive(Debug)]
pub(super) enum Failure {
    /// The arguments cannot be used. The exit code is 2.
    Usage(String),
    /// An error with its message.
    Error(String),
    /// An error that was reported already, with the exit code.
    Reported(u8),
}

/// Writes problems and failures.
pub(super) struct Reporter<'w> {
    printer: Printer,
    err: &'w mut dyn Write,
}

impl<'w> Reporter<'w> {
    pub(super) fn new(format: Format, coloured: bool, err: &'w mut dyn Write) -> Self {
        let printer = match format {
            Format::Json => Printer::Json,
            Format::Human if coloured => Printer::Drawn(Style::Coloured),
            Format::Human => Printer::Drawn(Style::Plain),
        };
        Self { printer, err }
    }

    /// Writes the problems of a specification with errors, and then their number followed by `consequence`.
    pub(super) fn faulty(&mut self, diagnosis: &Diagnosis, consequence: &str) -> Result<(), Failure> {
        self.problems(&diagnosis.problems, &diagnosis.sources)?;
        let errors = diagnosis.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        self.conclude(&format!("{}{consequence}", count(errors + diagnosis.omitted, "problem")))
    }

    pub(super) fn problems(&mut self, problems: &[Problem], sources: &Sources) -> Result<(), Failure> {
        self.printer.print(problems, sources, self.err).map_err(cannot_write)
    }

    /// Writes an error that is not about the specification. A line of `text` that begins with `  help: ` is advice.
    pub(super) fn error(&mut self, text: &str) -> Result<(), Failure> {
        let (text, help) = text.split_once("\n  help: ").map_or((text, None), |(text, help)| (text, Some(help)));
        self.message(text, help, None)
    }

    /// Writes an error about a generated file.
    pub(super) fn file_error(&mut self, file: &str, fault: &str) -> Result<(), Failure> {
        self.message(&format!("{file} {fault}"), None, Some(file))
    }

    fn message(&mut self, text: &str, help: Option<&str>, file: Option<&str>) -> Result<(), Failure> {
        let line = match (self.printer, help) {
            (Printer::Json, _) => message(text, help, file).map_err(|error| cannot_write(error.into()))?,
            (Printer::Drawn(_), Some(help)) => format!("error: {text}\n  help: {help}"),
            (Printer::Drawn(_), None) => format!("error: {text}"),
        };
        writeln!(self.err, "{line}").map_err(cannot_write)
    }

    /// Writes a last line for people. Programs that read JSON do not need it.
    pub(super) fn conclude(&mut self, line: &str) -> Result<(), Failure> {
        match self.printer {
            Printer::Json => Ok(()),
            Printer::Drawn(_) => writeln!(self.err, "{line}").map_err(cannot_write),
        }
    }
}

fn cannot_write(error: io::Error) -> Failure {
    Failure::Error(format!("standard error cannot be written: {error}"))
}
