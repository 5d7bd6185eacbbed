//! What is generated from each feature's specification compiles in place of the SDK's own operations, without a warning.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_codegen::{load, render};

/// The SDK alone, with room for other generated files.
struct Sdk {
    folder: tempfile::TempDir,
}

impl Sdk {
    fn copy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (root, copy) = (root(), folder.path());
        fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
        // Only the SDK, without what its tests need.
        let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let members = workspace.lines().find(|line| line.starts_with("members")).unwrap();
        let workspace = workspace.replace(members, "members = [\"sdk\"]");
        fs::write(copy.join("Cargo.toml"), workspace.split("[profile").next().unwrap()).unwrap();
        let manifest = fs::read_to_string(root.join("sdk/Cargo.toml")).unwrap();
        let (before, after) = manifest.split_once("[dev-dependencies]").unwrap();
        let after = after.split_once("[lints]").map_or("", |(_, lints)| lints);
        fs::create_dir(copy.join("sdk")).unwrap();
        fs::write(copy.join("sdk/Cargo.toml"), format!("{before}[lints]{after}")).unwrap();
        copy_folder(&root.join("sdk/src"), &copy.join("sdk/src"));
        Self { folder }
    }

    /// Complaints of the compiler, if there are any.
    fn check(&self, spec: &Path) -> String {
        let loaded = load(spec, &root()).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let generated = self.folder.path().join("sdk/src/generated");
        fs::remove_dir_all(&generated).unwrap();
        for (path, content) in render::generate(&loaded.api).unwrap() {
            let path = generated.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let output = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--offline", "--package", "qingstor-sdk", "--target-dir"])
            .arg(root().join("target/compile-tests"))
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn fixtures_compile_without_a_warning() {
    let sdk = Sdk::copy();
    let mut checked = 0;
    for entry in root().join("codegen/tests/fixtures/features").read_dir().unwrap() {
        let spec = entry.unwrap().path();
        assert_eq!(sdk.check(&spec), "", "{}", spec.display());
        checked += 1;
    }
    assert!(checked >= 8, "{checked}");
}

#[test]
fn the_official_specification_compiles_without_a_warning() {
    let Some(spec) = std::env::var_os("QINGSTOR_OFFICIAL_SPEC").map(PathBuf::from) else {
        println!("QINGSTOR_OFFICIAL_SPEC does not name a copy of the official specification: nothing to do");
        return;
    };
    assert_eq!(Sdk::copy().check(&spec), "");
}
