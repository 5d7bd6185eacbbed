//! What a code means, at length: the code's part of `DIAGNOSTICS.md`.

use super::codes;

/// The page that lists all codes, made of them and of what the command prints for the fixtures.
const PAGE: &str = include_str!("../../DIAGNOSTICS.md");

/// The part of the page about this code, in Markdown; `None` for what is no code.
pub fn explain(code: &str) -> Option<&'static str> {
    codes::find(code)?;
    let start = PAGE.find(&format!("\n## {code}\n"))? + 1;
    let rest = PAGE.get(start..)?;
    let end = rest.find("\n## ").unwrap_or(rest.len());
    rest.get(..end).map(str::trim)
}
