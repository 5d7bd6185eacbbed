//! Snapshot tests of diagnostics.
//!
//! Each file or folder in `fixtures/faulty` has errors, and each in `fixtures/warned` has warnings. The snapshot is the
//! output of the command.

use std::fs;
use std::path::{Path, PathBuf};

use qingstor_codegen::command::{Arguments, run};
use qingstor_codegen::diagnostic::codes;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Returns the name and root file of each fixture in a folder.
fn all(folder: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(fixtures().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<(String, PathBuf)> = entries
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let root = if path.is_dir() { path.join("api.yaml") } else { path };
            (name, root)
        })
        .collect();
    all.sort();
    all
}

/// Returns the output of the command, with file names relative to the folder of the fixtures.
fn printed(spec: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("generated");
    // If there are only warnings, the command fails only with `--deny-warnings`.
    let deny_warnings = spec.starts_with(fixtures().join("warned"));
    let arguments =
        Arguments { spec: Some(spec.to_owned()), out: Some(out.clone()), deny_warnings, ..Arguments::default() };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = run(&arguments, &mut stdout, &mut stderr);
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::from(1)), "{}", spec.display());
    assert!(stdout.is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no file is written");
    let stderr = String::from_utf8(stderr).unwrap();
    stderr.replace("codegen/tests/fixtures/faulty/", "").replace("codegen/tests/fixtures/warned/", "")
}

fn assert_printed(name: &str, printed: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots/diagnostics" }, {
        insta::assert_snapshot!(name, printed);
    });
}

#[test]
fn errors_are_printed_as_in_the_snapshots() {
    for (name, root) in all("faulty") {
        let printed = printed(&root);
        assert!(printed.contains("error["), "{name}");
        assert_printed(&name, &printed);
    }
}

#[test]
fn warnings_are_printed_as_in_the_snapshots() {
    for (name, root) in all("warned") {
        let printed = printed(&root);
        assert!(!printed.contains("error["), "{name}");
        assert_printed(&name, &printed);
    }
}

#[test]
fn each_code_occurs_in_a_fixture() {
    let all = [all("faulty"), all("warned")].concat();
    let printed: String = all.iter().map(|(_, root)| printed(root)).collect();
    let is_missing = |code: &&&str| !printed.contains(&format!("[{code}]"));
    let missing: Vec<&&str> = codes::ALL.iter().map(|code| &code.name).filter(is_missing).collect();
    assert!(missing.is_empty(), "no fixture reports {missing:?}");
}

#[test]
fn prints_no_absolute_paths() {
    for (name, root) in [all("faulty"), all("warned")].concat() {
        assert!(!printed(&root).contains(env!("CARGO_MANIFEST_DIR")), "{name}");
    }
}

#[test]
fn reports_an_unreadable_root_file() {
    let folder = fixtures().join("faulty");
    let missing = printed(&folder.join("missing.yaml"));
    assert!(missing.contains("cannot read the specification: the file does not exist"), "{missing}");
    let a_folder = printed(&folder.join("several_files"));
    assert!(a_folder.contains("cannot read the specification: it is a folder"), "{a_folder}");
}
