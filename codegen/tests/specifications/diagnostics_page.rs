//! Generates `DIAGNOSTICS.md`, which lists every code with an example, and checks that it is up to date.
//!
//! After a change of a code, a message or a fixture, update the page with
//! `INSTA_UPDATE=always cargo test -p qingstor-codegen --test specifications diagnostics_page`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use qingstor_codegen::diagnostic::{Problem, codes};
use qingstor_codegen::{Diagnosis, diagnose};

const HEAD: &str = include_str!("diagnostics_page_head.md");

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the root files of all fixtures. The fixture that is named after the code comes first.
fn fixtures(code: &str) -> Vec<PathBuf> {
    let mut fixtures: Vec<PathBuf> = ["faulty", "warned"]
        .iter()
        .flat_map(|folder| fs::read_dir(here().join("tests/fixtures").join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    let name = code.replace('-', "_");
    fixtures.sort_by_key(|path| (path.file_stem().unwrap() != name.as_str(), path.is_dir(), path.clone()));
    fixtures.into_iter().map(|path| if path.is_dir() { path.join("api.yaml") } else { path }).collect()
}

/// Returns the first problem with this code in a fixture.
fn example(code: &str) -> Diagnosis {
    for fixture in fixtures(code) {
        let mut diagnosis = diagnose(&fixture, fixture.parent().unwrap());
        if let Some(problem) = diagnosis.problems.iter().find(|problem| problem.code == code).cloned() {
            diagnosis.problems = vec![problem];
            return diagnosis;
        }
    }
    panic!("no fixture reports `{code}`");
}

/// Returns the lines of a problem, together with their parents: the less indented lines above that contain them.
fn excerpt(diagnosis: &Diagnosis, problem: &Problem) -> String {
    let places = problem.related.iter().map(|related| &related.place).chain([&problem.place]);
    let places: Vec<_> = places.filter(|place| place.file == problem.place.file).collect();
    let text = diagnosis.sources.get(&problem.place.file).unwrap().text();
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut shown = BTreeSet::new();
    for place in places {
        let mut line = place.line.min(lines.len()).saturating_sub(1);
        shown.insert(line);
        while let Some(parent) = (0..line).rev().find(|above| {
            let above = lines[*above];
            !above.trim().is_empty() && indent(above) < indent(lines[line])
        }) {
            shown.insert(parent);
            line = parent;
        }
    }
    let plain = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    shown.into_iter().map(|line| lines[line].chars().map(plain).collect::<String>() + "\n").collect()
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for code in codes::ALL {
        writeln!(page, "- [`{0}`](#{0})", code.name).unwrap();
    }
    for code in codes::ALL {
        let diagnosis = example(code.name);
        let problem = &diagnosis.problems[0];
        let explanation: Vec<&str> = code.explanation.lines().map(str::trim).collect();
        write!(page, "\n## {}\n\n{}\n", code.name, explanation.join("\n")).unwrap();
        write!(page, "\n```yaml\n{}```\n", excerpt(&diagnosis, problem)).unwrap();
        write!(page, "\n```text\n{}```\n", diagnosis.drawn()).unwrap();
    }
    page
}

#[test]
fn the_page_is_up_to_date() {
    let path = here().join("DIAGNOSTICS.md");
    let page = page();
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        fs::write(&path, &page).unwrap();
    }
    let current = fs::read_to_string(&path).unwrap();
    assert!(current == page, "codegen/DIAGNOSTICS.md is out of date: run this test with INSTA_UPDATE=always");
}
