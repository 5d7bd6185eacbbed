//! Problems as the command prints them.

use std::io::{self, Write};

use super::Problem;

/// More than this many problems are counted rather than printed: nobody reads them, and the place of each costs
/// another reading of its file.
pub(crate) const MOST: usize = 500;

/// Writes all problems, one below the other.
pub fn print(problems: &[Problem], to: &mut dyn Write) -> io::Result<()> {
    for problem in problems {
        writeln!(to, "{problem}")?;
    }
    Ok(())
}

/// `1 problem`, `2 problems`.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Place, Severity, codes};

    #[test]
    fn a_problem_says_where_what_and_what_instead() {
        let problem = Problem {
            place: Place { file: "specs/object.yaml".to_owned(), line: 12, column: 7 },
            severity: Severity::Error,
            code: codes::UNKNOWN_KEY,
            message: "unknown key `requird` in parameter `limit`".to_owned(),
            help: "did you mean `required`?".to_owned(),
        };
        let mut printed = Vec::new();
        print(&[problem], &mut printed).unwrap();
        assert_eq!(
            String::from_utf8(printed).unwrap(),
            "error[unknown-key]: specs/object.yaml:12:7: unknown key `requird` in parameter `limit`\n  \
             help: did you mean `required`?\n"
        );
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "problem"), "1 problem");
        assert_eq!(count(0, "problem"), "0 problems");
    }
}
