//! What `cargo codegen diff` says of two specifications.
//!
//! Protects: the verdict on every kind of difference, its words and its place. That the verdicts are true is tested
//! beside the SDK (`tests/tests/generator/diff.rs`), where rustc compiles a program with both.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use qingstor_codegen::Loaded;
use qingstor_codegen::diff::{Change, Group, Kind, Report, Step, Verdict, compare};
use serde::Deserialize;

/// A pair of `fixtures/diff/cases.yaml`.
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

fn in_short(group: &Group, change: &Change) -> String {
    let kind = if group.kind == Kind::Operation { "operation" } else { "type" };
    let part = if change.part.is_empty() { kind } else { &change.part };
    let verdict = match change.verdict {
        Verdict::BreakingBehaviour => "behaviour",
        verdict => verdict.word(),
    };
    format!("{verdict} {} {part}", group.name)
}

#[test]
fn every_pair_gets_the_verdicts_it_deserves() {
    let mut wrong = String::new();
    for Case { name, edits, expect } in cases() {
        let report = report(&edits);
        let changes = report.groups.iter().flat_map(|group| group.changes.iter().map(|it| in_short(group, it)));
        let found: Vec<String> = changes.collect();
        if found != expect {
            writeln!(wrong, "{name}: expected {expect:#?}, found {found:#?}").unwrap();
        }
        assert!(report.changes().all(|change| change.place.is_some()), "{name}: {report:#?}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_difference_is_told_in_words() {
    let mut told = String::new();
    for Case { name, edits, .. } in cases() {
        let mut printed = Vec::new();
        report(&edits).print(&mut printed).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        writeln!(told, "==== {name}\n{}", printed.strip_prefix("old.yaml → new.yaml\n").unwrap().trim_start()).unwrap();
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots/diff" }, {
        insta::assert_snapshot!("cases", told);
    });
}

#[test]
fn the_order_of_the_two_matters() {
    let (old, new) = (load("old.yaml", &fixture("base.yaml")), load("new.yaml", &fixture("base.yaml")));
    assert_eq!(compare(&old, &new).step(), Step::None);
    let more = load(
        "more.yaml",
        &edited(&[("      label:".to_owned(), "      mail: {type: string}\n      label:".to_owned())]),
    );
    assert_eq!(compare(&old, &more).step(), Step::Minor);
    assert_eq!(compare(&more, &old).step(), Step::Major);
}

#[test]
fn a_step_below_one_is_smaller() {
    let steps = [Step::None, Step::Patch, Step::Minor, Step::Major];
    assert_eq!(steps.map(Step::below_one), [Step::None, Step::Patch, Step::Patch, Step::Minor]);
}

/// A folder with two specifications.
struct Two(tempfile::TempDir);

impl Two {
    fn new(old: &str, new: &str) -> Self {
        let two = Self(tempfile::tempdir().unwrap());
        fs::write(two.path("old.yaml"), old).unwrap();
        fs::write(two.path("new.yaml"), new).unwrap();
        two
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
fn the_exit_code_says_whether_users_have_to_act() {
    let base = fixture("base.yaml");
    for (new, code, step) in [
        (base.clone(), 0, "version step: none"),
        (base.replace("enum: [small, large]", "enum: [small, large, huge]"), 0, "version step: minor"),
        (base.replace("maximum: 1000", "maximum: 500"), 1, "version step: major"),
        (base.replace("CaseListThings", "CaseThings"), 1, "version step: major"),
    ] {
        let output = Two::new(&base, &new).run(&["old.yaml", "new.yaml"]);
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
    let two = Two::new(&base, &base);
    let full = fs::File::create("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_qingstor-codegen"));
    let output =
        command.args(["diff", "old.yaml", "new.yaml"]).current_dir(two.0.path()).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: standard output: "), "{}", text(&output.stderr));
}

#[test]
fn json_has_everything() {
    let base = fixture("base.yaml");
    let two = Two::new(&base, &base.replace("{name: prefix, in", "{name: begin, in"));
    let output = two.run(&["old.yaml", "new.yaml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots/diff" }, {
        insta::assert_snapshot!("json", text(&output.stdout));
    });
}

#[test]
fn a_faulty_specification_is_named() {
    let base = fixture("base.yaml");
    let two = Two::new(&base.replace("type: boolean", "type: bool"), &base.replacen("type: integer", "type: int", 1));
    let output = two.run(&["old.yaml", "new.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = text(&output.stderr);
    assert!(said.starts_with("error[unknown-type]: ") && said.contains("--> new.yaml:"), "{said}");
    assert!(said.ends_with("1 problem; NEW, new.yaml, cannot be compared\n"), "{said}");

    let output = two.run(&["missing.yaml", "new.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.starts_with("error[unreadable-file]: ") && said.contains("--> missing.yaml:1:1"), "{said}");
    assert!(said.contains("help: name the root file of a specification"), "{said}");
    assert!(said.contains("1 problem; OLD, missing.yaml, cannot be compared\n"), "{said}");
    assert!(said.ends_with("1 problem; NEW, new.yaml, cannot be compared\n"), "the faults of both: {said}");
}

#[test]
fn two_specifications_are_needed_and_nothing_else() {
    let base = fixture("base.yaml");
    let two = Two::new(&base, &base);
    assert_eq!(two.run(&["old.yaml"]).status.code(), Some(2));
    assert_eq!(two.run(&["old.yaml", "new.yaml", "--format", "xml"]).status.code(), Some(2));
    let output = two.run(&["old.yaml", "new.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("neither --spec nor --out"), "{}", text(&output.stderr));
}
