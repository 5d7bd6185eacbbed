//! A copy of the SDK in which tests replace the generated code.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_codegen::model::Api;
use qingstor_codegen::rust::samples;
use qingstor_codegen::{Loaded, render};

/// A copy of the crate `qingstor-sdk` in a temporary folder, which is deleted on drop.
pub(crate) struct Sdk {
    folder: tempfile::TempDir,
}

impl Sdk {
    /// Copies the crate and the workspace manifest, without development dependencies.
    pub(crate) fn copy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (root, copy) = (root(), folder.path());
        fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
        let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let members = workspace.lines().find(|line| line.starts_with("members")).unwrap();
        let workspace = workspace.replace(members, "members = [\"sdk\"]");
        fs::write(copy.join("Cargo.toml"), workspace.split("[profile").next().unwrap()).unwrap();
        let manifest = fs::read_to_string(root.join("sdk/Cargo.toml")).unwrap();
        let (before, after) = manifest.split_once("[dev-dependencies]").unwrap();
        let after = after.split_once("[lints]").map_or("", |(_, lints)| lints);
        fs::create_dir(copy.join("sdk")).unwrap();
        fs::write(copy.join("sdk/Cargo.toml"), format!("{before}[lints]{after}")).unwrap();
        // `lib.rs` includes the README.
        fs::copy(root.join("sdk/README.md"), copy.join("sdk/README.md")).unwrap();
        copy_folder(&root.join("sdk/src"), &copy.join("sdk/src"));
        Self { folder }
    }

    /// Checks the code that is generated from `api`, and samples of its operations. Returns the errors and warnings of
    /// rustc, or an empty string if there are none.
    pub(crate) fn check(&self, api: &Api) -> String {
        self.generate(api);
        let examples = self.folder.path().join("sdk/examples");
        fs::create_dir_all(&examples).unwrap();
        fs::write(examples.join("samples.rs"), program(api)).unwrap();
        let output = self.cargo("check").args(["--lib", "--examples"]).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    }

    /// Builds the documentation of the code that is generated from `api`. Returns the warnings of rustdoc about this
    /// code, one per line.
    ///
    /// Handwritten documentation links to operations that the given specification may not have. Warnings about such links
    /// are ignored.
    pub(crate) fn document(&self, api: &Api) -> String {
        self.generate(api);
        let output = self.cargo("doc").args(["--no-deps", "--message-format", "short"]).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{messages}");
        messages.lines().filter(|line| line.contains("src/generated/")).map(|line| format!("{line}\n")).collect()
    }

    /// Compiles the examples in the documentation of the code that is generated from `api`. Returns what the command
    /// prints.
    pub(crate) fn test_examples(&self, api: &Api) -> String {
        self.generate(api);
        let output = self.cargo("test").args(["--doc", "generated"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Compiles the SDK with the code that is generated from `api`, and returns the path of the library's metadata.
    pub(crate) fn library(&self, api: &Api) -> PathBuf {
        self.generate(api);
        let output = self.cargo("check").args(["--message-format", "json-render-diagnostics"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8(output.stdout).unwrap();
        let messages = messages.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let mut artifacts = messages.filter(|message| message["target"]["name"] == "qingstor_sdk");
        let files = artifacts.find_map(|artifact| artifact["filenames"].as_array().cloned()).unwrap();
        files.iter().filter_map(|file| file.as_str()).find(|file| file.ends_with(".rmeta")).unwrap().into()
    }

    /// Replaces the generated code.
    fn generate(&self, api: &Api) {
        let generated = self.folder.path().join("sdk/src/generated");
        fs::remove_dir_all(&generated).unwrap();
        for (path, content) in render::generate(api).unwrap() {
            let path = generated.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    /// Returns a command of cargo without the feature `transfer`, which needs operations that other specifications
    /// lack.
    fn cargo(&self, task: &str) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .args([task, "--quiet", "--offline", "--package", "qingstor-sdk", "--no-default-features"])
            .args(["--features", "rustls", "--target-dir"])
            .arg(root().join("target/compile-tests"))
            .current_dir(self.folder.path());
        command
    }
}

/// Returns a program that contains all samples of all operations.
fn program(api: &Api) -> String {
    let mut code =
        "//! Samples.\n#![allow(unused_imports)]\nuse qingstor_sdk::{operations::*, types, *};\n\nfn main() {\n"
            .to_owned();
    for sample in samples(api) {
        for input in [sample.minimal, sample.full] {
            writeln!(code, "    let _ = {input};").unwrap();
        }
    }
    code + "}\n"
}

/// Loads a specification and panics if it has problems.
pub(crate) fn load(spec: &Path) -> Loaded {
    qingstor_codegen::load(spec, &root()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Returns the root folder of the workspace.
pub(crate) fn root() -> PathBuf {
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
