//! Small files that are replaced in one step.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Whenever the program or the machine dies, the old content is there or the new one. Only the user may read it. Blocks.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = with_ending(path, ".new");
    // What a program that died left behind may be anybody's to read, or a link to elsewhere.
    remove(&new)?;
    let mut file = private().write(true).create_new(true).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    sync_folder(path);
    Ok(())
}

/// For files that nobody but the user needs to read.
#[cfg(unix)]
pub(crate) fn private() -> OpenOptions {
    let mut options = File::options();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// For files in a folder of the user's.
#[cfg(not(unix))]
pub(crate) fn private() -> OpenOptions {
    File::options()
}

/// Without it, a machine that loses power may forget that a file was renamed. Blocks.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Some file systems do not sync folders, and what was renamed is renamed.
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!(folder = %folder.display(), %error, "the folder could not be synced");
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) {}

/// What the file holds; `None` if there is none. Blocks.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes the file, if there is one. Blocks.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes the file, if there is one, and what a program that died while replacing it left behind. Blocks.
pub(crate) fn forget(path: &Path) -> io::Result<()> {
    remove(path)?;
    remove(&with_ending(path, ".new"))
}

/// Why no file can take the place of what is at the path; `None` if one can. Blocks.
pub(crate) fn irreplaceable(path: &Path) -> Option<&'static str> {
    let there = path.metadata().ok()?;
    if there.is_dir() {
        return Some("is a folder: name a file in it");
    }
    (!there.is_file()).then_some("is a device, a pipe or a socket, which a file must not replace")
}

/// The path with something after its last letter.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        assert_eq!(read(&path).unwrap(), None);
        for content in [b"one".as_slice(), b"two"] {
            replace(&path, content).unwrap();
            assert_eq!(read(&path).unwrap().as_deref(), Some(content));
        }
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_it_and_links_that_are_in_the_way_lead_nowhere() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("a.json"), folder.path().join("elsewhere"));
        fs::write(&elsewhere, "mine").unwrap();
        symlink(&elsewhere, with_ending(&path, ".new")).unwrap();
        replace(&path, b"content").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
    }
}
