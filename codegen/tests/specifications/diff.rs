//! Tests of the verdict, message and place that `cargo codegen diff` prints for each kind of difference.
//!
//! `tests/tests/generator/diff.rs` confirms the verdicts with rustc: it compiles a program for the old SDK with the new
//! SDK.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use qingstor_codegen::Loaded;
use qingstor_codegen::diff::{Change, Group, Report, Step, Verdict, compare};
use serde::Deserialize;

/// A case of `fixtures/diff/cases.yaml`, which explains the keys.
#[derive(Deserialize)]
struct Case {
    name: String,
    edits: Vec<(String, String)>,
    expect: Vec<String>,
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/diff");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn cases() -> Vec<Case> {
    serde_yaml::from_str(&fixture("cases.yaml")).unwrap()
}

fn load(name: &str, text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    qingstor_codegen::load(&path, folder.path()).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

fn edited(edits: &[(String, String)]) -> String {
    edits.iter().fold(fixture("base.yaml"), |text, (from, to)| {
        assert_eq!(text.matches(from.as_str()).count(), 1, "{from}");
        text.replace(from.as_str(), to)
    })
}

fn report(edits: &[(String, String)]) -> Report {
    compare(&load("old.yaml", &fixture("base.yaml")), &load("new.yaml", &edited(edits)))
}

/// Returns a change in the form of the `expect` key.
fn expectation(group: &Group, change: &Change) -> String {
    let part = if change.part.is_empty() { group.kind } else { &change.part };
    let verdict = match change.verdict {
        Verdict::BreakingBehaviour => "behaviour",
        verdict => verdict.word(),
    };
    format!("{verdict} {} {part}", group.name)
}

#[test]
fn each_case_has_the_expected_changes() {
    let mut wrong = String::new();
    for Case { name, edits, expect } in cases() {
        let report = report(&edits);
        let changes = report.groups.iter().flat_map(|group| group.changes.iter().map(|it| expectation(group, it)));
        let found: Vec<String> = changes.collect();
        if found != expect {
            writeln!(wrong, "{name}: expected {expect:#?}, found {found:#?}").unwrap();
        }
        assert!(report.changes().all(|change| change.place.is_some()), "{name}: {report:#?}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_change_is_printed_as_in_the_snapshot() {
    let mut sections = String::new();
    for Case { name, edits, .. } in cases() {
        let mut printed = Vec::new();
        report(&edits).print(&mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        let body = printed.strip_prefix("old.yaml → new.yaml\n").unwrap().trim_start();
        writeln!(sections, "==== {name}\n{body}").unwrap();
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots/diff" }, {
        insta::assert_snapshot!("cases", sections);
    });
}

#[test]
fn an_addition_is_minor_and_its_removal_is_major() {
    let (old, new) = (load("old.yaml", &fixture("base.yaml")), load("new.yaml", &fixture("base.yaml")));
    assert_eq!(compare(&old, &new).step, Step::None);
    let more = load(
        "more.yaml",
        &edited(&[("      label:".to_owned(), "      mail: {type: string}\n      label:".to_owned())]),
    );
    assert_eq!((compare(&old, &more).step, compare(&old, &more).step_below_one), (Step::Minor, Step::Patch));
    assert_eq!((compare(&more, &old).step, compare(&more, &old).step_below_one), (Step::Major, Step::Minor));
}

/// A folder with `old.yaml` and `new.yaml`.
struct Specifications(tempfile::TempDir);

impl Specifications {
    fn new(old: &str, new: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.path("old.yaml"), old).unwrap();
        fs::write(folder.path("new.yaml"), new).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let binary = env!("CARGO_BIN_EXE_qingstor-codegen");
        Command::new(binary).arg("diff").args(arguments).current_dir(self.0.path()).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn exits_with_1_if_a_change_is_breaking() {
    let base = fixture("base.yaml");
    for (new, code, step) in [
        (base.clone(), 0, "version step: none"),
        (base.replace("enum: [small, large]", "enum: [small, large, huge]"), 0, "version step: minor"),
        (base.replace("maximum: 1000", "maximum: 500"), 1, "version step: major"),
        (base.replace("CaseListThings", "CaseThings"), 1, "version step: major"),
    ] {
        let output = Specifications::new(&base, &new).run(&["old.yaml", "new.yaml"]);
        assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
        let last = text(&output.stdout).lines().last().unwrap().to_owned();
        assert!(last.starts_with(step), "{last}");
        assert!(output.stderr.is_empty());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn exits_with_2_if_standard_output_cannot_be_written() {
    let base = fixture("base.yaml");
    let specifications = Specifications::new(&base, &base);
    let full = fs::File::create("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_qingstor-codegen"));
    let output = command
        .args(["diff", "old.yaml", "new.yaml"])
        .current_dir(specifications.0.path())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: standard output cannot be written: "), "{}", text(&output.stderr));
}

#[test]
fn json_report_contains_all_changes_and_places() {
    let base = fixture("base.yaml");
    let specifications = Specifications::new(&base, &base.replace("{name: prefix, in", "{name: begin, in"));
    let output = specifications.run(&["old.yaml", "new.yaml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots/diff" }, {
        insta::assert_snapshot!("json", text(&output.stdout));
    });
}

#[test]
fn reports_the_errors_of_both_specifications() {
    let base = fixture("base.yaml");
    let specifications = Specifications::new(
        &base.replace("type: boolean", "type: bool"),
        &base.replacen("type: integer", "type: int", 1),
    );
    let output = specifications.run(&["old.yaml", "new.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("error[unknown-type]: ") && stderr.contains("--> new.yaml:"), "{stderr}");
    assert!(stderr.ends_with("1 problem; NEW, new.yaml, cannot be compared\n"), "{stderr}");

    let output = specifications.run(&["missing.yaml", "new.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("error[unreadable-file]: ") && stderr.contains("--> missing.yaml:1:1"), "{stderr}");
    assert!(stderr.contains("help: give the path of the root file"), "{stderr}");
    assert!(stderr.contains("1 problem; OLD, missing.yaml, cannot be compared\n"), "{stderr}");
    assert!(stderr.ends_with("1 problem; NEW, new.yaml, cannot be compared\n"), "{stderr}");
}

#[test]
fn rejects_invalid_arguments() {
    let base = fixture("base.yaml");
    let specifications = Specifications::new(&base, &base);
    assert_eq!(specifications.run(&["old.yaml"]).status.code(), Some(2));
    assert_eq!(specifications.run(&["old.yaml", "new.yaml", "--format", "xml"]).status.code(), Some(2));
    let output = specifications.run(&["old.yaml", "new.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("neither --spec nor --out"), "{}", text(&output.stderr));
}
