//! Every kind of fault in a specification is reported with its place, and what would be right.
//!
//! One file, or folder, of `fixtures/faulty` or `fixtures/warned` for each kind; what the command prints for it is the
//! snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use qingstor_codegen::command::{Arguments, run};
use qingstor_codegen::diagnostic::codes;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// All fixtures of a folder: name and root file.
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

/// What the command prints, file names relative to the folder of the fixtures.
fn printed(spec: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("generated");
    // The warnings have to be nothing that prevents generating, and the errors something that does.
    let deny_warnings = spec.starts_with(fixtures().join("warned"));
    let arguments =
        Arguments { spec: Some(spec.to_owned()), out: Some(out.clone()), deny_warnings, ..Arguments::default() };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let code = run(&arguments, &mut stdout, &mut stderr);
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::from(1)), "{}", spec.display());
    assert!(stdout.is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
    let stderr = String::from_utf8(stderr).unwrap();
    stderr.replace("codegen/tests/fixtures/faulty/", "").replace("codegen/tests/fixtures/warned/", "")
}

fn assert_printed(name: &str, printed: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots/diagnostics" }, {
        insta::assert_snapshot!(name, printed);
    });
}

#[test]
fn each_fault_is_reported_where_it_is() {
    for (name, root) in all("faulty") {
        let printed = printed(&root);
        assert!(printed.contains("error["), "{name}");
        assert_printed(&name, &printed);
    }
}

#[test]
fn each_trap_is_warned_of_where_it_is() {
    for (name, root) in all("warned") {
        let printed = printed(&root);
        assert!(!printed.contains("error["), "{name}");
        assert_printed(&name, &printed);
    }
}

#[test]
fn each_code_has_a_fixture_that_shows_it() {
    let all = [all("faulty"), all("warned")].concat();
    let printed: String = all.iter().map(|(_, root)| printed(root)).collect();
    let is_missing = |code: &&&str| !printed.contains(&format!("[{code}]"));
    let missing: Vec<&&str> = codes::ALL.iter().map(|code| &code.name).filter(is_missing).collect();
    assert!(missing.is_empty(), "no fixture for {missing:?}");
}

#[test]
fn no_path_of_this_machine_is_printed() {
    for (name, root) in [all("faulty"), all("warned")].concat() {
        assert!(!printed(&root).contains(env!("CARGO_MANIFEST_DIR")), "{name}");
    }
}

#[test]
fn a_root_that_cannot_be_read_is_a_problem_like_others() {
    let folder = fixtures().join("faulty");
    let missing = printed(&folder.join("missing.yaml"));
    assert!(missing.contains("the specification cannot be read: there is no such file"), "{missing}");
    let a_folder = printed(&folder.join("several_files"));
    assert!(a_folder.contains("the specification cannot be read: it is a folder"), "{a_folder}");
}
