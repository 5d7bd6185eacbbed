//! Problems as the command prints them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::drawn::{Style, draw};
use super::{Problem, Severity, Sources, json};

/// More than this many problems are counted rather than printed: nobody reads them, and the place of each costs
/// another reading of its file.
pub(crate) const MOST: usize = 500;

/// More warnings of one code than this are counted where a person reads them.
const MOST_OF_A_CODE: usize = 10;

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printer {
    /// Drawn, for people.
    Drawn(Style),
    /// One JSON object a line, for programs.
    Json,
}

impl Printer {
    /// Writes all problems, one below the other.
    pub(crate) fn print(self, problems: &[Problem], sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => problems.iter().try_for_each(|problem| writeln!(to, "{}", json::line(problem, sources)?)),
            Self::Drawn(style) => print_drawn(problems, sources, style, to),
        }
    }
}

fn print_drawn(problems: &[Problem], sources: &Sources, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mut warnings: BTreeMap<&str, usize> = BTreeMap::new();
    for problem in problems {
        if problem.severity == Severity::Warning {
            let of_this_code = warnings.entry(problem.code).or_default();
            *of_this_code += 1;
            if *of_this_code > MOST_OF_A_CODE {
                continue;
            }
        }
        writeln!(to, "{}", draw(problem, sources, style))?;
    }
    for (code, number) in warnings.into_iter().filter(|(_, number)| *number > MOST_OF_A_CODE) {
        let more = count(number - MOST_OF_A_CODE, &format!("more `{code}` warning"));
        writeln!(to, "… and {more} (--format json lists all)")?;
    }
    Ok(())
}

/// `1 problem`, `2 problems`.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
