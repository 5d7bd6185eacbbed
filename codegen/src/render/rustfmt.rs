//! Formats generated files with rustfmt.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Contents of files by path.
type Files = BTreeMap<String, String>;

/// Edition of the workspace. rustfmt does not read it from Cargo.toml.
const EDITION: &str = "2024";

/// Formats `files` in the style of the workspace whose root folder is `workspace`, in one run of rustfmt.
///
/// # Errors
///
/// Returns a message if rustfmt is not installed or rejects a file, or if a temporary file cannot be written or read.
pub fn format(files: &Files, workspace: &Path) -> Result<Files, String> {
    let failed = |error: io::Error| format!("the generated files cannot be formatted in a temporary folder: {error}");
    let folder = stage(files).map_err(failed)?;
    let mut command = Command::new("rustfmt");
    command.args(["--edition", EDITION]).current_dir(workspace);
    let config = workspace.join("rustfmt.toml");
    if config.exists() {
        command.arg("--config-path").arg(config);
    }
    // rustfmt also formats the modules that a file declares, so this formats all files.
    let output = command.arg(folder.path().join("mod.rs")).output().map_err(|error| {
        format!(
            "rustfmt, which formats the generated files, cannot be run: {error}\n  \
             help: install it with `rustup component add rustfmt`"
        )
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.replace(&format!("{}/", folder.path().display()), "");
        return Err(format!(
            "rustfmt cannot format the generated files:\n{}\n  \
             help: if rustfmt is missing, install it with `rustup component add rustfmt`; a file that it cannot read is \
             a bug of the generator",
            said.trim_end()
        ));
    }
    let read = |name: &String| Ok((name.clone(), fs::read_to_string(folder.path().join(name))?));
    files.keys().map(read).collect::<io::Result<Files>>().map_err(failed)
}

fn stage(files: &Files) -> io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for (name, text) in files {
        let path = folder.path().join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(modules: &str) -> Files {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        Files::from([file("mod.rs", "mod types;"), file("types/mod.rs", "mod r#type;"), file("types/type.rs", modules)])
    }

    #[test]
    fn formats_all_files_in_the_style_of_the_workspace() {
        let workspace = tempfile::tempdir().unwrap();
        let text = "fn f(first: u32) -> u32 { first }";
        let formatted = format(&files(text), workspace.path()).unwrap();
        assert_eq!(formatted["types/type.rs"], "fn f(first: u32) -> u32 {\n    first\n}\n");
        fs::write(workspace.path().join("rustfmt.toml"), "tab_spaces = 2\n").unwrap();
        let formatted = format(&files(text), workspace.path()).unwrap();
        assert_eq!(formatted["types/type.rs"], "fn f(first: u32) -> u32 {\n  first\n}\n");
    }

    #[test]
    fn names_the_file_that_rustfmt_refuses() {
        let workspace = tempfile::tempdir().unwrap();
        let error = format(&files("fn f( {"), workspace.path()).unwrap_err();
        assert!(error.starts_with("rustfmt cannot format the generated files:\nerror: "), "{error}");
        assert!(error.contains("--> types/type.rs:1:"), "{error}");
        assert!(error.contains("\n  help: "), "{error}");
    }
}
