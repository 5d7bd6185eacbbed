//! Atomic replacement of small files.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces a file atomically: if the process or the machine dies, the file has the old or the new content. Only the current user
/// can read the new file. Blocks.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = temporary(path);
    // A temporary file that already exists could be readable by other users, or be a symbolic link.
    remove_if_exists(&new)?;
    let mut file = private_file().create_new(true).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    sync_folder(path);
    Ok(())
}

/// Removes a file, and the temporary file that a killed process may have left. Blocks.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    remove_if_exists(path)?;
    remove_if_exists(&temporary(path))
}

/// Removes a file, unless it does not exist. Blocks.
pub(crate) fn remove_if_exists(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Syncs the folder of a file to disk, so that a rename in it survives a power failure. Blocks.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Some file systems cannot sync folders, so an error is only logged: the rename has succeeded.
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!(folder = %folder.display(), %error, "the folder could not be synced");
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) {}

/// Returns options for creating a file that, on Unix, only the current user can read.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Returns a path with a suffix appended to its file name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn temporary(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_replaces_the_content_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for content in [b"one".as_slice(), b"two"] {
            write(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        fs::write(temporary(&path), "left behind").unwrap();
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn write_creates_a_private_file_and_follows_no_symbolic_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("a.json"), folder.path().join("elsewhere"));
        fs::write(&elsewhere, "mine").unwrap();
        symlink(&elsewhere, temporary(&path)).unwrap();
        write(&path, b"content").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
    }
}
