//! `cargo codegen coverage`, and what `check` makes of its table.
//!
//! Protects: the table says only what is there; whatever is missing, contradicts itself or speaks of nothing prevents
//! it, and is named with what to do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

const SPEC: &str = r##"swagger: "2.0"
info: {title: QingStor, version: "2016-01-06"}
parameters:
  bucketName: {name: bucketName, in: path, type: string, required: true, description: Its name.}
paths:
  /:
    get:
      operationId: ListBuckets
      summary: Lists the buckets.
      responses: {200: {description: OK}}
  /{bucketName}?acl:
    parameters: [{$ref: "#/parameters/bucketName"}]
    put:
      operationId: PutBucketACL
      summary: Sets the ACL.
      responses: {200: {description: OK}}
"##;

const REGISTER: &str = "emulator_without: {}
scenario_without: {}
official:
  - name: Go SDK v1
    service: Service
    bucket: Bucket
    spelling: pascal_case
    methods: [Service.ListBuckets, Bucket.PutACL]
    without: {}
  - name: Python SDK v1
    service: QingStor
    bucket: Bucket
    spelling: snake_case
    methods: [QingStor.list_buckets]
    without: {PutBucketACL: it has no such thing}
";

const FEATURE: &str = "Feature: f\n  Scenario: who has what\n    When list buckets\n";
const ROUTES: &str = "tests/tests/snapshots/emulator_routes.snap";
const SCENARIOS: &str = "tests/tests/snapshots/scenarios.snap";
const SPEC_PATH: &str = "specs/qingstor/2016-01-06/api.yaml";

/// A workspace that has everything.
struct Workspace(TempDir);

impl Workspace {
    fn new() -> Self {
        let workspace = Self(tempfile::tempdir().unwrap());
        workspace.write("Cargo.toml", "[workspace]\n");
        workspace.write(SPEC_PATH, SPEC);
        workspace.write("specs/coverage.yaml", REGISTER);
        workspace.write("tests/features/f.feature", FEATURE);
        let snapshot = |lines: &str| format!("---\nsource: a.rs\n---\n{lines}");
        workspace.write(ROUTES, &snapshot("ListBuckets: GET /\nPutBucketACL: PUT /{bucketName}?acl\n"));
        let scenarios = "ListBuckets: f.feature: who has what\nPutBucketACL: f.feature: who has what\n";
        workspace.write(SCENARIOS, &snapshot(scenarios));
        for operation in ["ListBuckets", "PutBucketACL"] {
            for variant in ["minimal", "full"] {
                workspace.write(&format!("tests/tests/snapshots/wire/{operation}.{variant}.snap"), "");
            }
        }
        assert!(workspace.run(&[]).status.success());
        workspace
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn write(&self, relative: &str, content: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn replace(&self, relative: &str, from: &str, to: &str) {
        let content = fs::read_to_string(self.path(relative)).unwrap();
        assert!(content.contains(from), "{content}");
        self.write(relative, &content.replace(from, to));
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let binary = env!("CARGO_BIN_EXE_qingstor-codegen");
        Command::new(binary).args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    fn table(&self) -> Option<String> {
        fs::read_to_string(self.path("specs/COVERAGE.md")).ok()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn a_row_leads_to_everything_there_is() {
    let workspace = Workspace::new();
    let output = workspace.run(&["coverage"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output), "2 operations in specs/COVERAGE.md (changed)\n");
    let table = workspace.table().unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(rows.len(), 4, "{table}");
    assert_eq!(
        rows[3],
        "| PutBucketACL | [api.yaml:13](qingstor/2016-01-06/api.yaml#L13) \
         | [`Bucket::put_bucket_acl`](../sdk/src/generated/operations/put_bucket_acl.rs) \
         | [minimal](../tests/tests/snapshots/wire/PutBucketACL.minimal.snap), \
         [full](../tests/tests/snapshots/wire/PutBucketACL.full.snap) \
         | `PUT /{bucketName}?acl` \
         | [f.feature](../tests/features/f.feature): who has what \
         | `Bucket.PutACL` | none: it has no such thing |"
    );
    assert!(
        rows[2].contains("`QingStor::list_buckets`") && rows[2].ends_with("| `QingStor.list_buckets` |"),
        "{table}"
    );
    assert_eq!(said(&workspace.run(&["coverage"])), "2 operations in specs/COVERAGE.md (nothing changed)\n");
}

#[test]
fn check_wants_the_table_as_it_would_be_written() {
    let workspace = Workspace::new();
    let missing = workspace.run(&["check"]);
    assert_eq!(missing.status.code(), Some(1), "{}", said(&missing));
    assert!(said(&missing).contains("error: specs/COVERAGE.md is out of date\n  help: run `cargo codegen coverage`"));

    workspace.run(&["coverage"]);
    let fine = workspace.run(&["check"]);
    assert!(fine.status.success(), "{}", said(&fine));
    assert!(said(&fine).contains("specs/COVERAGE.md is up to date (2 operations)"), "{}", said(&fine));

    // One line more in the specification moves the operations below it.
    workspace.write(SPEC_PATH, &format!("# A comment.\n{SPEC}"));
    let moved = workspace.run(&["check"]);
    assert_eq!(moved.status.code(), Some(1));
    assert!(said(&moved).contains("+| PutBucketACL | [api.yaml:14]"), "{}", said(&moved));
    assert!(workspace.table().unwrap().contains("[api.yaml:13]"), "check writes nothing");
}

#[test]
fn whatever_is_missing_is_named_with_what_to_do() {
    let everything = |workspace: &Workspace| {
        fs::remove_file(workspace.path("tests/tests/snapshots/wire/PutBucketACL.full.snap")).unwrap();
        workspace.replace(ROUTES, "PutBucketACL: PUT /{bucketName}?acl\n", "");
        workspace.replace(SCENARIOS, "PutBucketACL: f.feature: who has what\n", "");
        workspace.replace("specs/coverage.yaml", "Bucket.PutACL", "");
    };
    let workspace = Workspace::new();
    everything(&workspace);
    for task in ["coverage", "check"] {
        let output = workspace.run(&[task]);
        assert_eq!(output.status.code(), Some(1));
        for gap in [
            "error: PutBucketACL: tests/tests/snapshots/wire/PutBucketACL.full.snap is missing\n  help: run the test",
            "error: PutBucketACL: the emulator does not serve it\n  help: serve it (tests/emulator/src), or say",
            "error: PutBucketACL: no scenario calls it\n  help: write one in tests/features",
            "error: PutBucketACL: it is not known what Go SDK v1 calls it; the rule says `Bucket.PutACL`\n  help: ",
            if task == "coverage" { "4 gaps; nothing was written\n" } else { "\n4 gaps\n" },
        ] {
            assert!(said(&output).contains(gap), "{}", said(&output));
        }
        assert_eq!(workspace.table(), None);
    }
}

#[test]
fn a_reason_stands_for_what_is_missing() {
    let workspace = Workspace::new();
    workspace.replace(ROUTES, "PutBucketACL: PUT /{bucketName}?acl\n", "");
    workspace.replace(SCENARIOS, "PutBucketACL: f.feature: who has what\n", "");
    workspace.replace("specs/coverage.yaml", "emulator_without: {}", "emulator_without: {PutBucketACL: not yet}");
    workspace.replace("specs/coverage.yaml", "scenario_without: {}", "scenario_without: {PutBucketACL: a | b}");
    let output = workspace.run(&["coverage"]);
    assert!(output.status.success(), "{}", said(&output));
    let table = workspace.table().unwrap();
    assert!(table.contains(" | none: not yet | none: a \\| b | `Bucket.PutACL` |"), "{table}");
    assert!(workspace.run(&["check"]).status.success());
}

#[test]
fn check_says_what_is_missing_even_if_code_is_out_of_date() {
    let workspace = Workspace::new();
    workspace.replace(SCENARIOS, "PutBucketACL: f.feature: who has what\n", "");
    workspace.write("sdk/src/generated/mod.rs", "");
    let output = workspace.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    for fault in ["mod.rs is out of date", "error: PutBucketACL: no scenario calls it\n", "\n1 gap\n"] {
        assert!(said(&output).contains(fault), "{}", said(&output));
    }
}

#[test]
fn what_contradicts_itself_or_speaks_of_nothing_is_named() {
    for (file, from, to, gap) in [
        (
            SPEC_PATH,
            "PutBucketACL",
            "PutBucketACLs",
            "emulator_routes.snap names `PutBucketACL`, which is no operation",
        ),
        (SCENARIOS, "who has what", "who had what", "tests/features/f.feature has no scenario `who had what`"),
        (SCENARIOS, "f.feature", "g.feature", "tests/features/g.feature has no scenario"),
        (SCENARIOS, "ListBuckets: f", "ListBuckets f", "names `ListBuckets f.feature`, which is no operation"),
        (ROUTES, "---\n", "", "emulator_routes.snap is no snapshot"),
        (
            "specs/coverage.yaml",
            "emulator_without: {}",
            "emulator_without: {PutBucketACL: why}",
            "the emulator serves it, though specs/coverage.yaml says that it does not",
        ),
        (
            "specs/coverage.yaml",
            "scenario_without: {}",
            "scenario_without: {PutBucketACL: why}",
            "a scenario calls it, though specs/coverage.yaml says that none does",
        ),
        (
            "specs/coverage.yaml",
            "scenario_without: {}",
            "scenario_without: {PutBucketAcl: why}",
            "`scenario_without` names `PutBucketAcl`, which is no operation",
        ),
        (
            "specs/coverage.yaml",
            "Bucket.PutACL",
            "Bucket.PutACL, Bucket.PutAcl",
            "`Bucket.PutAcl` of Go SDK v1 belongs to",
        ),
        (
            "specs/coverage.yaml",
            "{PutBucketACL: it",
            "{PutBucketAcl: it",
            "names `PutBucketAcl`, which is no operation",
        ),
        ("specs/coverage.yaml", "without: {}", "without: {ListBuckets: why}", "has `Service.ListBuckets`, though"),
        ("specs/coverage.yaml", "spelling:", "speling:", "specs/coverage.yaml: official[0]: unknown field `speling`"),
    ] {
        let workspace = Workspace::new();
        workspace.replace(file, from, to);
        let output = workspace.run(&["coverage"]);
        assert_eq!(output.status.code(), Some(1), "{file}: {to}: {}", said(&output));
        assert!(said(&output).contains(gap), "{file}: {to}: {}", said(&output));
        assert_eq!(workspace.table(), None, "{file}: {to}");
    }
}

#[test]
fn it_is_about_the_workspaces_own_specification() {
    let workspace = Workspace::new();
    let other = workspace.run(&["coverage", "--spec", SPEC_PATH]);
    assert_eq!(other.status.code(), Some(2));
    assert!(said(&other).contains("leave --spec and --out away"), "{}", said(&other));
    let check = workspace.run(&["check", "--spec", SPEC_PATH]);
    assert!(check.status.success(), "{}", said(&check));
    assert!(!said(&check).contains("COVERAGE.md"), "{}", said(&check));
}

#[test]
fn a_workspace_without_a_table_is_asked_for_none() {
    let workspace = Workspace::new();
    fs::remove_file(workspace.path("specs/coverage.yaml")).unwrap();
    assert!(workspace.run(&["check"]).status.success());
    let output = workspace.run(&["coverage"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("error: specs/coverage.yaml: "), "{}", said(&output));
}
