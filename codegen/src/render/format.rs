//! rustfmt over all files at once: starting it is what takes time.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::Files;

/// The workspace's own style, so that `cargo fmt` leaves generated files as they are.
const STYLE: &str = include_str!("../../../rustfmt.toml");

/// Formats in the workspace's style, whatever configuration lies around.
pub(super) fn rustfmt(files: Files) -> Result<Files, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder could be made: {error}"))?;
    let in_folder = |error: io::Error| format!("the temporary folder {} is unusable: {error}", folder.path().display());
    for (path, content) in &files {
        let path = folder.path().join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(in_folder)?;
        }
        fs::write(path, content).map_err(in_folder)?;
    }
    fs::write(folder.path().join("rustfmt.toml"), STYLE).map_err(in_folder)?;
    run(folder.path())?;
    let mut formatted = Files::new();
    for path in files.into_keys() {
        let content = fs::read_to_string(folder.path().join(&path)).map_err(in_folder)?;
        formatted.insert(path, content);
    }
    Ok(formatted)
}

fn run(folder: &Path) -> Result<(), String> {
    let output = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path", "rustfmt.toml"])
        // Modules are found from here; a file named twice would be formatted twice.
        .arg("mod.rs")
        .current_dir(folder)
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                "rustfmt is not installed; `rustup component add rustfmt` installs it".to_owned()
            }
            _ => format!("rustfmt could not be started: {error}"),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "rustfmt does not accept what was generated, which is a fault of the generator:\n{}",
        complaint.trim_end()
    ))
}
