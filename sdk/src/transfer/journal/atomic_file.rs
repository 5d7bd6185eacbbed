//! Atomic replacement of small files, and safe access to files with predictable names.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use crate::transfer::etag::hex;

/// Suffix of the file that replaces another one.
pub(super) const TEMPORARY_SUFFIX: &str = ".new";

/// Maximum length of a file name on most file systems, in bytes.
const MAX_NAME: usize = 255;

/// Replaces a file atomically: if the process dies, the file has the old or the new content. If `is_durable`, this also
/// applies if the machine dies. Only the current user can read the new file. Blocks.
pub(crate) fn write(path: &Path, content: &[u8], is_durable: bool) -> io::Result<()> {
    let new = temporary(path)?;
    // A temporary file that already exists could be readable by other users, or be a symbolic link.
    remove_if_exists(&new)?;
    let mut file = private_file().create_new(true).open(&new)?;
    file.write_all(content)?;
    if is_durable {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&new, path)?;
    if is_durable {
        sync_folder(path);
    }
    Ok(())
}

/// Removes a file, and the temporary file that a killed process may have left. Blocks.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    remove_if_exists(path)?;
    remove_if_exists(&temporary(path)?)
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
    let folder = folder_of(path);
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

/// Opens a regular file. Blocks, but not on a pipe.
///
/// Names such as `FILE.qsdownload` are predictable, so another user may have created a link or a pipe there. The
/// function follows no symbolic link at the end of the path.
///
/// # Errors
///
/// If the path leads to anything else than a regular file.
pub(crate) fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let not_regular = || {
        let path = path.display();
        let message = format!("{path} is a link, a folder, a pipe or a device: remove it, or use another path");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    };
    if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        return Err(not_regular());
    }
    // The flags protect from a file that is replaced between the two checks.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, {
        use rustix::fs::OFlags;

        (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()
    });
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::custom_flags(options, {
        const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
        FILE_FLAG_OPEN_REPARSE_POINT
    });
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

/// Returns the path with a suffix appended to its file name. If the file system does not allow such a long name, a
/// digest replaces the end of the file name.
///
/// # Errors
///
/// If the path does not end with the name of a file. A suffix would then create a file in another folder.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    // `file_name` ignores a separator or `/.` at the end.
    let name = path.file_name().filter(|name| path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes()));
    let name = name.ok_or_else(|| {
        let message = format!("the path {:?} is empty or does not end with the name of a file", path.display());
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })?;
    let mut suffixed = name.to_owned();
    let max = max_name(folder_of(path));
    if name.len() + suffix.len() > max {
        let digest = format!("~{}", hex(&Md5::digest(name.as_encoded_bytes()).into()));
        let mut start = name.to_string_lossy().into_owned();
        while start.len() + digest.len() + suffix.len() > max && start.pop().is_some() {}
        suffixed = (start + &digest).into();
    }
    suffixed.push(suffix);
    Ok(path.with_file_name(suffixed))
}

/// Returns the maximum length of a file name in a folder, in bytes. It is 143 on encrypted file systems such as
/// eCryptfs.
fn max_name(folder: &Path) -> usize {
    #[cfg(unix)]
    if let Some(max) = rustix::fs::statvfs(folder).ok().and_then(|system| usize::try_from(system.f_namemax).ok()) {
        // Some network file systems report 0. FAT reports 1530 for its 255 characters.
        return if max == 0 { MAX_NAME } else { max.min(MAX_NAME) };
    }
    MAX_NAME
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn temporary(path: &Path) -> io::Result<PathBuf> {
    with_suffix(path, TEMPORARY_SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_replaces_the_content_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for content in [b"one".as_slice(), b"two"] {
            write(&path, content, true).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        fs::write(temporary(&path).unwrap(), "left behind").unwrap();
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
        symlink(&elsewhere, temporary(&path).unwrap()).unwrap();
        write(&path, b"content", true).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
    }

    #[test]
    fn with_suffix_replaces_the_end_of_a_name_that_would_be_too_long() {
        let suffixed = |name: &str| with_suffix(Path::new(name), ".lock").unwrap();
        assert_eq!(suffixed("a/b.json"), Path::new("a/b.json.lock"));
        assert_eq!(suffixed(&"a".repeat(250)).as_os_str().len(), 255);
        for name in ["a".repeat(251), "ä".repeat(127), "a".repeat(255)] {
            let long = suffixed(&name).into_os_string().into_string().unwrap();
            assert!(long.len() <= 255 && long.ends_with(".lock") && long.starts_with(&name[..100]), "{long}");
            assert_ne!(long, suffixed(&format!("{}b", &name[..250])).to_str().unwrap());
        }
    }

    #[test]
    fn with_suffix_refuses_a_path_without_a_file_name() {
        for path in ["", "/", ".", "..", "a/", "a/.", "a/.."] {
            let error = with_suffix(Path::new(path), ".lock").unwrap_err().to_string();
            assert!(error.contains("does not end with the name of a file"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn open_regular_refuses_links_folders_and_pipes() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, pipe] = ["file", "link", "pipe"].map(|name| folder.path().join(name));
        fs::write(&file, "mine").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&link, &pipe, folder.path()] {
            for options in [File::options().read(true), private_file().create(true)] {
                let error = open_regular(path, options).unwrap_err().to_string();
                assert!(error.contains(&format!("{} is a link, a folder, a pipe", path.display())), "{error}");
            }
        }
        open_regular(&file, File::options().read(true)).unwrap();
    }
}
