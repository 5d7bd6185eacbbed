//! The partial file of a download: it holds the fetched ranges until it replaces the target.

use std::error::Error as _;
use std::fs::{File, Metadata, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::body::{BufferPool, CHUNK_SIZE, OpenFile, unreadable};
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::journal::atomic_file::{private_file, remove_if_exists, sync_folder, with_suffix};
use crate::transfer::journal::lock::{is_at, open_locked};
use crate::transfer::journal::{Journal, JournalFile, Transfer};
use crate::transfer::part_size::{Part, PartLayout};
use crate::transfer::tasks::run_blocking;

/// The download that a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DownloadRecord {
    /// Path of the target, or only its name if the journal is in the same folder, so that the folder can be moved.
    target: String,
    object: RemoteObject,
    /// Random text at the end of the partial file. If the file has another token or none, another download may
    /// have overwritten the parts that the journal lists.
    token: String,
}

/// The object that is downloaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoteObject {
    pub(super) bucket: String,
    pub(super) key: String,
    /// Version that the caller requested.
    pub(super) version_id: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) size: u64,
}

impl Transfer for DownloadRecord {
    const KIND: &'static str = "download";
    const ADVICE: &'static str = "remove the file to begin again";
}

/// Locked file with the ranges that were fetched, and the journal that lists them.
#[derive(Debug)]
pub(super) struct PartialFile {
    file: File,
    path: PathBuf,
    target: PathBuf,
    journal: JournalFile<DownloadRecord>,
    is_durable: bool,
    /// Content of the journal when the file was opened: the part size, and the finished parts of the download that is resumed.
    pub(super) initial: Journal<DownloadRecord>,
}

impl PartialFile {
    /// Opens the partial file and its journal. Blocks.
    ///
    /// If the journal is that of an earlier download of the same object, resumes it with its part size. Otherwise starts a new
    /// download with `part_size`. If `is_durable`, the data is synced to disk before the journal lists it and before the
    /// file replaces the target.
    pub(super) fn open(
        target: &Path,
        checkpoint: Option<PathBuf>,
        object: RemoteObject,
        part_size: u64,
        is_durable: bool,
    ) -> Result<Self> {
        let replaced = check_target(target)?;
        let with_suffix = |suffix| with_suffix(target, suffix).map_err(|error| unwritable(target, error));
        let path = with_suffix(".qsdownload")?;
        let described = |error| unwritable(&path, error);
        let is_default = checkpoint.is_none();
        let checkpoint = checkpoint.map_or_else(|| with_suffix(".qsdownload.json"), Ok)?;
        let recorded = recorded_target(target, &checkpoint).map_err(described)?;
        let journal =
            JournalFile::<DownloadRecord>::lock(checkpoint, &[target, &path], is_durable).map_err(|error| {
                // The caller does not know the default path of the checkpoint, so the error names the target.
                if is_default && error.source().is_some() { unwritable(target, io::Error::other(error)) } else { error }
            })?;
        let earlier = match journal.read() {
            // Other programs do not use the default path, so a damaged file there can be replaced.
            Err(error) if is_default && error.kind() == ErrorKind::Body => {
                tracing::warn!(%error, "the checkpoint is damaged, so the download starts again");
                None
            }
            earlier => earlier?,
        };
        if let Some(earlier) = earlier.as_ref().filter(|earlier| earlier.transfer.target != recorded) {
            return Err(Error::invalid_input(format!(
                "the checkpoint {} belongs to a download to {} and not to {}: use another checkpoint file, or remove it",
                journal.path().display(),
                earlier.transfer.target,
                recorded
            )));
        }
        let file = open_exclusive(&path, replaced.as_ref())?;
        let is_new = file.metadata().map_err(described)?.len() == 0;
        let resumed = earlier
            .filter(|earlier| can_resume(earlier, &object) && has_token(&file, &earlier.transfer).unwrap_or(false));
        let is_resumed = resumed.is_some();
        let initial = resumed.unwrap_or_else(|| {
            Journal::new(DownloadRecord { target: recorded, object, token: random_token() }, part_size)
        });
        // The journal is written before the token. If the process dies in between, the file has no such token, so the download
        // is not resumed.
        let started = file.try_clone().map_err(described).and_then(|clone| {
            journal.start(initial.clone(), Some(clone))?;
            if is_resumed { Ok(()) } else { add_token(&file, &initial.transfer).map_err(described) }
        });
        if let Err(error) = started {
            if is_new {
                journal.remove()?;
                remove_if_exists(&path).map_err(described)?;
            }
            return Err(error);
        }
        Ok(Self { file, path, target: target.to_owned(), journal, is_durable, initial })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns a handle for reading the file. Blocks.
    ///
    /// The handle shares the lock: Windows refuses to read a locked file through a handle without the lock.
    pub(super) fn reader(&self) -> Result<OpenFile> {
        let file = self.file.try_clone().map_err(|error| unwritable(&self.path, error))?;
        Ok(OpenFile::new(file, &self.path))
    }

    /// Writes bytes at an offset. Blocks.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        write_all_at(&self.file, bytes, offset).map_err(|error| unwritable(&self.path, error))
    }

    /// Records a finished part with the CRC-32C of its bytes. Blocks.
    pub(super) fn record(&self, part: u32, checksum: u32) -> Result<()> {
        self.journal.record(part, Some(recorded_checksum(checksum)))
    }

    /// Returns true if an earlier download has finished the part, and its bytes still have the recorded checksum.
    pub(super) async fn has_part(self: &Arc<Self>, part: &Part) -> bool {
        let Some(recorded) = self.initial.parts.get(&part.number) else { return false };
        let (mut checksum, mut start) = (0, part.bytes.start);
        while start < part.bytes.end {
            let (file, end) = (Arc::clone(self), part.bytes.end.min(start + CHUNK_SIZE as u64));
            let reading = run_blocking(move || {
                let mut chunk = BufferPool::chunks().buffer(end - start);
                let read = file.reader()?.read_exact_at(chunk.as_mut(), start);
                read.map_err(unreadable)?;
                Ok(crc32c::crc32c_append(checksum, chunk.as_ref()))
            });
            match reading.await {
                Ok(appended) => (checksum, start) = (appended, end),
                Err(error) => {
                    tracing::warn!(%error, part = part.number, "a finished part cannot be read, so it is fetched again");
                    return false;
                }
            }
        }
        let is_intact = recorded.as_ref() == Some(&recorded_checksum(checksum));
        if !is_intact {
            tracing::warn!(path = %self.path.display(), part = part.number, "a finished part has changed, so it is fetched again");
        }
        is_intact
    }

    /// Writes the journal, unless it already lists all finished parts. Blocks.
    pub(super) fn flush(&self) -> Result<()> {
        self.journal.flush()
    }

    /// Replaces the target with the file. Blocks.
    pub(super) fn finish(&self) -> Result<()> {
        let sync = || if self.is_durable { self.file.sync_all() } else { Ok(()) };
        // A download can only be resumed if the file has its token. The token is cut off only after the data is durable.
        let moved = sync()
            .and_then(|()| self.file.set_len(self.initial.transfer.object.size))
            .and_then(|()| self.target.metadata().map_or(Ok(()), |replaced| copy_permissions(&replaced, &self.file)))
            .and_then(|()| sync())
            .and_then(|()| match is_at(&self.file, &self.path)? {
                true => std::fs::rename(&self.path, &self.target),
                false => Err(io::Error::other("another program has removed or replaced the partial file")),
            });
        if let Err(error) = moved {
            if let Err(error) = add_token(&self.file, &self.initial.transfer) {
                tracing::warn!(%error, "the download is complete, but cannot replace its target and cannot be resumed");
            }
            return Err(unwritable(&self.target, error));
        }
        if self.is_durable {
            // The journal is removed only after the rename is durable.
            sync_folder(&self.target);
        }
        if let Err(error) = self.journal.remove() {
            tracing::warn!(%error, "the download is complete, but its checkpoint could not be removed");
        }
        Ok(())
    }

    /// Removes the file and its journal. Blocks.
    pub(super) fn discard(&self) -> Result<()> {
        self.journal.remove()?;
        remove_if_exists(&self.path).map_err(|error| unwritable(&self.path, error))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "the download can be resumed, but its checkpoint lacks some parts");
        }
    }
}

/// Checks that a file can replace the target. Returns the metadata of the file that is replaced, if there is one. If
/// the target is a link, this is the file to which it leads.
fn check_target(target: &Path) -> Result<Option<Metadata>> {
    let replaced = target.metadata();
    let problem = match &replaced {
        Ok(existing) if existing.is_dir() => "is a folder: name a file in it",
        Ok(existing) if !existing.is_file() => "is a device, a pipe or a socket, which a file must not replace",
        _ if is_fixed(target) => "is a mount point, or is immutable, so it cannot be replaced: name another file",
        // A link that leads nowhere can be replaced.
        _ => match target.symlink_metadata() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(target, error)),
            _ => return Ok(replaced.ok()),
        },
    };
    Err(Error::new(ErrorKind::Body, format!("the target {} {problem}", target.display())))
}

/// Returns true if the operating system reports that no file can be renamed to an existing target.
#[cfg(target_os = "linux")]
fn is_fixed(target: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

    let fixed = StatxAttributes::MOUNT_ROOT | StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    statx(CWD, target, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.intersects(fixed))
}

#[cfg(not(target_os = "linux"))]
fn is_fixed(_: &Path) -> bool {
    false
}

/// Returns true if an earlier download fetched parts of the same object.
fn can_resume(earlier: &Journal<DownloadRecord>, object: &RemoteObject) -> bool {
    // Only an ETag proves that the object has not changed.
    object.etag.is_some()
        && earlier.transfer.object == *object
        && !earlier.parts.is_empty()
        && PartLayout::resumed(object.size, earlier.part_size).is_some()
}

/// Returns the checksum of a part as the journal records it.
fn recorded_checksum(crc32c: u32) -> String {
    format!("{crc32c:08x}")
}

/// Returns a text that is unique to this download.
fn random_token() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}

/// Sets the length of the file to that of the object, and appends the token.
fn add_token(file: &File, download: &DownloadRecord) -> io::Result<()> {
    file.set_len(download.object.size)?;
    write_all_at(file, download.token.as_bytes(), download.object.size)
}

/// Returns true if the bytes of the object are followed by the token and nothing else.
fn has_token(mut file: &File, download: &DownloadRecord) -> io::Result<bool> {
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(download.object.size))?;
    file.take(download.token.len() as u64 + 1).read_to_end(&mut end)?;
    Ok(end == download.token.as_bytes())
}

/// Returns the path of the target as the journal records it.
fn recorded_target(target: &Path, checkpoint: &Path) -> io::Result<String> {
    let (target, checkpoint) = (std::path::absolute(target)?, std::path::absolute(checkpoint)?);
    let name = target.file_name().filter(|_| target.parent() == checkpoint.parent());
    Ok(name.unwrap_or(target.as_os_str()).to_string_lossy().into_owned())
}

/// Opens and locks the partial file. Blocks for up to 2 s, because a download that was dropped may still hold the lock.
///
/// If the download replaces a file, other users have no access to the partial file, because they may have none to that
/// file.
fn open_exclusive(path: &Path, replaced: Option<&Metadata>) -> Result<File> {
    let mut options = if replaced.is_some() { private_file() } else { OpenOptions::new() };
    options.read(true).write(true).create(true).truncate(false);
    let opened = open_locked(path, &mut options).and_then(|file| {
        file.as_ref().map_or(Ok(()), |file| check_access(file, replaced))?;
        Ok(file)
    });
    opened.map_err(|error| unwritable(path, error))?.ok_or_else(|| {
        let message = format!(
            "the file {} is being written by another download to the same target: wait until that ends",
            path.display()
        );
        Error::new(ErrorKind::Body, message)
    })
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Body, format!("the file {} could not be written", path.display())).with_source(error)
}

/// Checks that writing to the partial file changes no other file, and withdraws the access of other users if a file is
/// replaced to which they have less access.
#[cfg(unix)]
fn check_access(file: &File, replaced: Option<&Metadata>) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let found = file.metadata()?;
    if found.nlink() > 1 {
        return Err(io::Error::other("the file has several names (hard links): remove this one"));
    }
    match replaced {
        Some(replaced) if found.mode() & !replaced.mode() & 0o077 != 0 => file.set_permissions(mode(0o600)),
        _ => Ok(()),
    }
}

/// Gives a file the permissions, the owner and the group of the file that it replaces, as far as the operating system
/// allows it.
#[cfg(unix)]
fn copy_permissions(replaced: &Metadata, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let (user, group) = (Some(replaced.uid()), Some(replaced.gid()));
    let has_group = fchown(file, user, group).or_else(|_| fchown(file, None, group)).is_ok();
    // The permissions of a group must not apply to another group.
    let permissions = replaced.mode() & if has_group { 0o777 } else { 0o707 };
    // Some file systems give all files the same permissions, and refuse every change.
    if file.metadata()?.mode() & 0o777 == permissions { Ok(()) } else { file.set_permissions(mode(permissions)) }
}

#[cfg(unix)]
fn mode(bits: u32) -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}

#[cfg(not(unix))]
fn check_access(_: &File, _: Option<&Metadata>) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn copy_permissions(_: &Metadata, _: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::transfer::part_size::MIB;

    fn object(etag: Option<&str>, size: u64) -> RemoteObject {
        RemoteObject { bucket: "b".into(), key: "k".into(), version_id: None, etag: etag.map(str::to_owned), size }
    }

    fn open(target: &Path, etag: Option<&str>, size: u64) -> Result<PartialFile> {
        PartialFile::open(target, None, object(etag, size), 8 * MIB, true)
    }

    /// Opens a download as another process would, and returns its finished parts.
    fn finished(target: &Path, etag: Option<&str>, size: u64) -> Vec<u32> {
        open(target, etag, size).unwrap().initial.parts.keys().copied().collect()
    }

    #[test]
    fn download_is_resumed_only_for_the_same_object() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        for (etag, size, expected) in [
            (Some("\"x\""), 100, vec![0, 3]),
            (Some("\"y\""), 100, vec![]),
            (Some("\"x\""), 101, vec![]),
            (None, 100, vec![]),
        ] {
            let file = open(&target, Some("\"x\""), 100).unwrap();
            file.record(0, 0).unwrap();
            file.record(3, 0).unwrap();
            drop(file);
            assert_eq!(finished(&target, etag, size), expected);
            open(&target, etag, size).unwrap().discard().unwrap();
            assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        }
    }

    #[test]
    fn partial_file_of_another_length_is_not_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        open(&target, Some("\"x\""), 100).unwrap().record(0, 0).unwrap();
        File::options().write(true).open(folder.path().join("a.qsdownload")).unwrap().set_len(99).unwrap();
        assert!(finished(&target, Some("\"x\""), 100).is_empty());
    }

    /// Two journals can have the same target. The first must not trust parts that the second has overwritten.
    #[test]
    fn partial_file_that_another_journal_used_is_not_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let open = |checkpoint: &str, etag| {
            let checkpoint = (!checkpoint.is_empty()).then(|| folder.path().join(checkpoint));
            PartialFile::open(&target, checkpoint, object(Some(etag), 100), 8 * MIB, true).unwrap()
        };
        for (first, second) in [("c", "d"), ("", "c"), ("c", "")] {
            open(first, "\"x\"").record(0, 0).unwrap();
            assert_eq!(open(first, "\"x\"").initial.parts.len(), 1);
            open(second, "\"y\"").record(0, 0).unwrap();
            assert!(open(first, "\"x\"").initial.parts.is_empty(), "{first:?} {second:?}");
        }
    }

    #[test]
    fn finished_target_has_the_length_of_the_object() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        for content in [b"".as_slice(), b"one"] {
            let file = open(&target, Some("\"x\""), content.len() as u64).unwrap();
            file.write_at(content, 0).unwrap();
            file.finish().unwrap();
            assert_eq!(fs::read(&target).unwrap(), content);
        }
    }

    #[test]
    fn download_that_cannot_replace_its_target_can_be_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let file = open(&target, Some("\"x\""), 100).unwrap();
        file.record(0, 0).unwrap();
        fs::create_dir(&target).unwrap();
        file.finish().unwrap_err();
        drop(file);
        fs::remove_dir(&target).unwrap();
        assert_eq!(finished(&target, Some("\"x\""), 100), [0]);
    }

    #[test]
    fn error_of_the_default_journal_names_the_target() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(&folder.path().join("none/a"), None, 1).unwrap_err().to_string();
        assert!(error.contains("none/a could not be written") && !error.contains("checkpoint"), "{error}");
    }

    #[test]
    fn default_journal_is_replaced_if_damaged_but_not_if_of_version_1() {
        let folder = tempfile::tempdir().unwrap();
        let (target, journal) = (folder.path().join("a"), folder.path().join("a.qsdownload.json"));
        open(&target, Some("\"x\""), 100).unwrap().record(0, 0).unwrap();
        fs::write(&journal, "{").unwrap();
        assert!(finished(&target, Some("\"x\""), 100).is_empty());
        let old = r#"{"version":1,"bucket":"b","key":"k","done":[0]}"#;
        fs::write(&journal, old).unwrap();
        let error = open(&target, Some("\"x\""), 100).unwrap_err().to_string();
        assert!(error.contains("a.qsdownload.json has version 1") && error.contains("remove the file"), "{error}");
        assert_eq!(fs::read_to_string(&journal).unwrap(), old);
    }

    #[test]
    fn checkpoint_of_another_target_or_program_is_refused_and_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, checkpoint) = (folder.path().join("a"), folder.path().join("c"));
        let open = |target: &Path| {
            PartialFile::open(target, Some(checkpoint.clone()), object(Some("\"x\""), 100), 8 * MIB, true)
        };
        fs::write(&checkpoint, "mine").unwrap();
        let error = open(&target).unwrap_err().to_string();
        assert!(error.contains("c is no resume journal"), "{error}");
        assert_eq!(fs::read(&checkpoint).unwrap(), b"mine");
        fs::remove_file(&checkpoint).unwrap();
        open(&target).unwrap().record(0, 0).unwrap();
        let error = open(&folder.path().join("b")).unwrap_err().to_string();
        assert!(error.contains("belongs to a download to a and not to b"), "{error}");
        assert!(!folder.path().join("b.qsdownload").exists());
        assert_eq!(open(&target).unwrap().initial.parts.len(), 1);
    }

    #[test]
    fn journal_is_resumed_only_with_parts_and_a_valid_part_size() {
        let object = object(Some("\"x\""), 100 * MIB);
        let record = DownloadRecord { target: "a".into(), object: object.clone(), token: String::new() };
        for (part_size, parts, expected) in [
            (4 * MIB, vec![0], true),
            (4 * MIB, vec![], false),
            // Invalid part sizes.
            (7, vec![0], false),
            (0, vec![0], false),
        ] {
            let mut earlier = Journal::new(record.clone(), part_size);
            parts.iter().for_each(|part| drop(earlier.parts.insert(*part, None)));
            assert_eq!(can_resume(&earlier, &object), expected, "{part_size} {parts:?}");
        }
    }

    #[test]
    fn waiting_download_gets_a_new_file_if_the_old_one_became_the_target() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let first = open(&target, Some("\"x\""), 3).unwrap();
        first.write_at(b"one", 0).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| open(&target, Some("\"x\""), 5).unwrap());
            first.finish().unwrap();
            drop(first);
            second.join().unwrap().write_at(b"other", 0).unwrap();
        });
        assert_eq!(fs::read(&target).unwrap(), b"one");
    }
}
