//! What the command says of failures and warnings: to people, or to programs.

use std::fmt::Display;
use std::io::{self, Write};

use clap::ValueEnum;

use crate::diagnostic::{Printer, Problem, Severity, Sources, Style, count, message};
use crate::spec::locate::Located;

/// How problems are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Drawn with their lines, for people
    #[default]
    Human,
    /// One JSON object a line, for programs; codegen/DIAGNOSTICS.md describes it
    Json,
}

/// Reason why the command fails.
#[derive(Debug)]
pub(super) enum Failure {
    /// The command cannot be understood.
    Usage(String),
    /// The specification is faulty.
    Faulty(Located),
    /// It is not as it should be: the generated files, say, or there are warnings that are denied; said already.
    Said,
    /// One of two specifications is faulty; said already.
    NotComparable,
    /// Anything else, in words.
    Other(String),
}

pub(super) fn in_words(what: &str, error: &dyn Display) -> Failure {
    Failure::Other(format!("{what}: {error}"))
}

/// Where problems go, and how.
pub(super) struct Reporter<'w> {
    printer: Printer,
    to: &'w mut dyn Write,
}

impl<'w> Reporter<'w> {
    pub(super) fn new(format: Format, coloured: bool, to: &'w mut dyn Write) -> Self {
        let printer = match format {
            Format::Json => Printer::Json,
            Format::Human if coloured => Printer::Drawn(Style::Coloured),
            Format::Human => Printer::Drawn(Style::Plain),
        };
        Self { printer, to }
    }

    /// All problems of a specification that cannot be used, and what follows from that.
    pub(super) fn faulty(&mut self, located: &Located, consequence: Option<&str>) -> io::Result<()> {
        self.printer.print(&located.problems, &located.sources, self.to)?;
        let errors = located.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        self.conclude(&followed(count(errors + located.unkept, "problem"), consequence))
    }

    /// The warnings about a specification that can be generated from; if they are denied, what follows from that.
    pub(super) fn warnings(
        &mut self,
        warnings: &[Problem],
        sources: &Sources,
        denied: bool,
        consequence: Option<&str>,
    ) -> io::Result<()> {
        self.printer.print(warnings, sources, self.to)?;
        let number = count(warnings.len(), "warning");
        match warnings.len() {
            0 => Ok(()),
            _ if denied => self.conclude(&followed(format!("{number}, denied by --deny-warnings"), consequence)),
            _ => self.conclude(&number),
        }
    }

    /// What went wrong beside the specification; lines of `message` that begin with `  help: ` say what to do.
    pub(super) fn failure(&mut self, text: &str) -> io::Result<()> {
        match text.split_once("\n  help: ") {
            Some((text, help)) => self.failure_of(text, Some(help), None),
            None => self.failure_of(text, None, None),
        }
    }

    /// What is wrong with a generated file.
    pub(super) fn file(&mut self, file: &str, fault: &str) -> io::Result<()> {
        self.failure_of(&format!("{file} {fault}"), None, Some(file))
    }

    fn failure_of(&mut self, text: &str, help: Option<&str>, file: Option<&str>) -> io::Result<()> {
        match (self.printer, help) {
            (Printer::Json, _) => writeln!(self.to, "{}", message(text, help, file)?),
            (Printer::Drawn(_), Some(help)) => writeln!(self.to, "error: {text}\n  help: {help}"),
            (Printer::Drawn(_), None) => writeln!(self.to, "error: {text}"),
        }
    }

    /// A last line for people: programs count for themselves.
    pub(super) fn conclude(&mut self, line: &str) -> io::Result<()> {
        match self.printer {
            Printer::Json => Ok(()),
            Printer::Drawn(_) => writeln!(self.to, "{line}"),
        }
    }
}

fn followed(number: String, consequence: Option<&str>) -> String {
    match consequence {
        Some(consequence) => format!("{number}; {consequence}"),
        None => number,
    }
}
