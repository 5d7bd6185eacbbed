//! Resume journal: a file that lists the finished parts of an upload or a download, so that it can be resumed.
//!
//! The public documentation calls the file a checkpoint. Uploads and downloads use the same format, lock, atomic replacement and
//! write interval. The finished parts of an upload are on the server, those of a download in the partial file.

pub(crate) mod atomic_file;
pub(crate) mod lock;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use self::atomic_file::{TEMPORARY_SUFFIX, open_regular, with_suffix};
use self::lock::{JournalLock, LOCK_SUFFIX};
use super::etag::parse_hex;
use crate::error::{Error, ErrorKind, Result};
use crate::md5_lanes::Md5Sum;

/// Version of the format. In version 1, uploads and downloads had different formats. Version 2 had no checksums of the
/// file and of downloaded ranges.
const VERSION: u32 = 3;

/// Maximum size of a journal in bytes. A journal of 10,000 parts has less than 1 MiB. A larger file is not read.
const MAX_SIZE: u64 = 4 << 20;

/// Minimum time between two writes of a journal.
///
/// If the process dies, parts that finished since the last write are not in the journal. A resumed upload then hashes them again
/// to compare them with the server; a resumed download fetches them again.
const WRITE_INTERVAL: Duration = Duration::from_millis(500);

/// Fields of a journal that only uploads or only downloads have. A transfer recognises its own journal by them.
pub(crate) trait Transfer: Serialize + DeserializeOwned {
    /// Name of the kind in the journal.
    const KIND: &'static str;
    /// Advice in the error about a journal that this version of the SDK cannot read.
    const ADVICE: &'static str;
}

/// Content of a journal file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal<T> {
    version: u32,
    kind: String,
    pub(crate) transfer: T,
    pub(crate) part_size: u64,
    /// Numbers of the finished parts, with the checksum of their bytes in hexadecimal: the MD5 of a part that was
    /// uploaded, the CRC-32C of a range that was downloaded. `None` if the bytes were not hashed.
    pub(crate) parts: BTreeMap<u32, Option<String>>,
}

/// Fields that are read first, to recognise the format of a journal. A journal of version 1 has no `kind`.
#[derive(Deserialize)]
struct Header {
    version: u32,
    kind: Option<String>,
}

impl<T: Transfer> Journal<T> {
    pub(crate) fn new(transfer: T, part_size: u64) -> Self {
        Self { version: VERSION, kind: T::KIND.to_owned(), transfer, part_size, parts: BTreeMap::new() }
    }

    /// Returns the checksum of a finished part if it is an MD5.
    pub(crate) fn md5(&self, part: u32) -> Option<Md5Sum> {
        self.parts.get(&part)?.as_deref().and_then(parse_hex)
    }
}

/// Adds the CRC-32C of a JSON object to it as its last field, so that damage of the file is noticed.
fn seal(mut object: Vec<u8>) -> Vec<u8> {
    object.pop();
    let checksum = crc32c::crc32c(&object);
    object.extend_from_slice(format!(",\"crc32c\":\"{checksum:08x}\"}}").as_bytes());
    object
}

/// Checks the checksum that [`seal`] has added, and returns the object without it.
fn unseal(text: &[u8]) -> io::Result<Vec<u8>> {
    let seal_length = seal(Vec::new()).len();
    let object = [text.get(..text.len().saturating_sub(seal_length)).unwrap_or_default(), b"}"].concat();
    if seal(object.clone()) == text {
        return Ok(object);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is missing or differs from its content"))
}

/// Journal file that this transfer has locked.
#[derive(Debug)]
pub(crate) struct JournalFile<T: Transfer> {
    path: PathBuf,
    state: Mutex<State<T>>,
    /// Held while the file is written, so that [`record`](Self::record) does not wait for the disk.
    writing: Mutex<()>,
    /// True if each write is synced to disk.
    is_durable: bool,
    _lock: JournalLock,
}

#[derive(Debug)]
enum State<T> {
    /// The transfer has not written the journal yet. The file may contain the journal of an earlier transfer.
    NotStarted,
    Open(OpenJournal<T>),
    /// The journal was removed, or the transfer ended before it started the journal. It is not written again.
    Closed,
}

#[derive(Debug)]
struct OpenJournal<T> {
    journal: Journal<T>,
    /// Partial file of a durable download. It is synced before the journal is written, so that it contains the listed
    /// parts.
    data: Option<Arc<File>>,
    has_changed: bool,
    last_attempt: Instant,
}

impl<T: Transfer> JournalFile<T> {
    /// Locks a journal file, which need not exist. Blocks for up to 2 s. If `is_durable`, each write is synced to disk.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if one of the files of the journal is in `others`, the files that the transfer reads or writes.
    /// `Body` if the journal cannot be locked.
    pub(crate) fn lock(path: PathBuf, others: &[&Path], is_durable: bool) -> Result<Self> {
        for suffix in ["", LOCK_SUFFIX, TEMPORARY_SUFFIX] {
            let own = with_suffix(&path, suffix).and_then(std::path::absolute);
            let own = own.map_err(|error| failed(&path, "cannot be used; no data was transferred", error))?;
            if let Some(other) = others.iter().find(|other| std::path::absolute(other).is_ok_and(|other| other == own))
            {
                return Err(Error::invalid_input(format!(
                    "the checkpoint {} would overwrite {}, which the transfer reads or writes: use another checkpoint file",
                    path.display(),
                    other.display()
                )));
            }
        }
        let lock = JournalLock::acquire(&path)?;
        let state = Mutex::new(State::NotStarted);
        Ok(Self { path, state, writing: Mutex::default(), is_durable, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the journal of an earlier transfer. Returns `None` if the file does not exist, or if it has no bytes except
    /// zeros: a power failure can leave such a file if the journal was not synced to disk. Blocks.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the journal belongs to another kind of transfer or has another version. `Body` if the file cannot be
    /// read or is not a journal.
    pub(crate) fn read(&self) -> Result<Option<Journal<T>>> {
        let path = self.path.display();
        let unreadable = |error| failed(&self.path, "could not be read", error);
        let file = match open_regular(&self.path, File::options().read(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mut text = Vec::new();
        file.take(MAX_SIZE + 1).read_to_end(&mut text).map_err(unreadable)?;
        let damaged = |error: io::Error| failed(&self.path, "is no resume journal, or is damaged", error);
        if text.len() as u64 > MAX_SIZE {
            return Err(damaged(io::Error::other(format!("it has more than {MAX_SIZE} bytes"))));
        }
        if text.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let Header { version, kind } = serde_json::from_slice(&text).map_err(|error| damaged(error.into()))?;
        if version != VERSION {
            return Err(Error::invalid_input(format!(
                "the checkpoint {path} has version {version}, and this SDK reads version {VERSION}: resume the {} with the SDK \
                 that wrote the file, or {}",
                T::KIND,
                T::ADVICE,
            )));
        }
        let object = unseal(&text).map_err(damaged)?;
        if let Some(kind) = kind.filter(|kind| kind != T::KIND) {
            return Err(Error::invalid_input(format!(
                "the checkpoint {path} belongs to a transfer of another kind ({kind}, and not {}): use another checkpoint file",
                T::KIND,
            )));
        }
        serde_json::from_slice(&object).map(Some).map_err(|error| damaged(error.into()))
    }

    /// Writes the journal for the first time, unless it is already closed. Blocks.
    pub(crate) fn start(&self, journal: Journal<T>, data: Option<File>) -> Result<()> {
        let data = data.filter(|_| self.is_durable).map(Arc::new);
        let writing = self.writing();
        {
            let mut state = self.state();
            if matches!(*state, State::Closed) {
                return Ok(());
            }
            *state = State::Open(OpenJournal { journal, data, has_changed: true, last_attempt: Instant::now() });
        }
        let written = self.write(&writing);
        if written.is_err() {
            *self.state() = State::NotStarted;
        }
        written
    }

    /// Continues a journal that was read. Does not write the file: [`record`](Self::record) and [`flush`](Self::flush) do.
    pub(crate) fn resume(&self, journal: Journal<T>) {
        *self.state() =
            State::Open(OpenJournal { journal, data: None, has_changed: true, last_attempt: Instant::now() });
    }

    /// Records a finished part. Writes the journal if [`WRITE_INTERVAL`] has passed since the last attempt, unless another
    /// thread is writing it. Blocks.
    pub(crate) fn record(&self, part: u32, checksum: Option<String>) -> Result<()> {
        {
            // A part can still finish after the transfer was stopped and its journal closed.
            let State::Open(open) = &mut *self.state() else { return Ok(()) };
            open.journal.parts.insert(part, checksum);
            open.has_changed = true;
            if open.last_attempt.elapsed() < WRITE_INTERVAL {
                return Ok(());
            }
        }
        match self.writing.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(()),
            Ok(writing) => self.write(&writing),
            Err(TryLockError::Poisoned(error)) => self.write(&error.into_inner()),
        }
    }

    /// Writes the journal if it has changed since the last write. Blocks.
    pub(crate) fn flush(&self) -> Result<()> {
        self.write(&self.writing())
    }

    /// Writes the journal if it is open and has changed since the last write.
    fn write(&self, _writing: &MutexGuard<'_, ()>) -> Result<()> {
        let (object, data) = {
            let State::Open(open) = &mut *self.state() else { return Ok(()) };
            if !open.has_changed {
                return Ok(());
            }
            (open.has_changed, open.last_attempt) = (false, Instant::now());
            (serde_json::to_vec(&open.journal), open.data.clone())
        };
        let synced = data.map_or(Ok(()), |data| data.sync_data());
        let written = synced
            .map_err(|error| (error, "was not written, because the partial file could not be synced"))
            .and_then(|()| {
                let written = object.map_err(io::Error::from);
                let written = written.and_then(|object| atomic_file::write(&self.path, &seal(object), self.is_durable));
                written.map_err(|error| (error, "could not be written"))
            });
        written.map_err(|(error, problem)| {
            if let State::Open(open) = &mut *self.state() {
                open.has_changed = true;
            }
            failed(&self.path, problem, error)
        })
    }

    /// Returns true if the journal is open, so that the transfer can be resumed from it. Otherwise closes it, so that it is never
    /// written.
    pub(crate) fn close_unless_started(&self) -> bool {
        let _writing = self.writing();
        let mut state = self.state();
        let is_open = matches!(*state, State::Open(_));
        if !is_open {
            *state = State::Closed;
        }
        is_open
    }

    /// Closes the journal and removes the file. Blocks.
    pub(crate) fn remove(&self) -> Result<()> {
        let _writing = self.writing();
        *self.state() = State::Closed;
        atomic_file::remove(&self.path).map_err(|error| failed(&self.path, "could not be removed", error))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(path: &Path, problem: &str, error: impl StdError + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Body, format!("the checkpoint {} {problem}", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::transfer::etag::hex;

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct TestTransfer {
        id: String,
    }

    impl Transfer for TestTransfer {
        const KIND: &'static str = "upload";
        const ADVICE: &'static str = "remove the file";
    }

    fn journal() -> Journal<TestTransfer> {
        Journal::new(TestTransfer { id: "U1".into() }, 8 << 20)
    }

    fn lock(path: &Path) -> JournalFile<TestTransfer> {
        JournalFile::lock(path.to_owned(), &[], true).unwrap()
    }

    #[test]
    fn journal_records_parts_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        let file = lock(&path);
        assert_eq!(file.read().unwrap(), None);
        file.start(journal(), None).unwrap();
        assert_eq!(file.read().unwrap().unwrap(), journal(), "without a part");
        file.record(3, Some(hex(&[7; 16]))).unwrap();
        file.record(5, None).unwrap();
        file.flush().unwrap();
        drop(file);
        let file = lock(&path);
        let resumed = file.read().unwrap().unwrap();
        assert_eq!((resumed.md5(3), resumed.md5(5), resumed.md5(0)), (Some([7; 16]), None, None));
        assert_eq!(resumed.parts.into_keys().collect::<Vec<_>>(), [3, 5]);
        file.resume(journal());
        file.remove().unwrap();
        file.record(4, None).unwrap();
        file.flush().unwrap();
        drop(file);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn journal_closed_before_its_start_is_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        let file = lock(&path);
        assert!(!file.close_unless_started());
        file.start(journal(), None).unwrap();
        assert!(!path.exists() && !file.close_unless_started());
        drop(file);
        let file = lock(&path);
        file.start(journal(), None).unwrap();
        assert!(path.exists() && file.close_unless_started());
    }

    #[test]
    fn file_that_is_no_journal_of_this_kind_and_version_is_refused_and_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        for (text, kind, problem) in [
            ("x", ErrorKind::Body, "is no resume journal"),
            ("{}", ErrorKind::Body, "missing field"),
            (&sealed(r#"{"version":3,"kind":"upload","a":2}"#), ErrorKind::Body, "unknown field"),
            (r#"{"version":3,"kind":"upload"}"#, ErrorKind::Body, "its checksum is missing"),
            (&format!("{}{}", r#"{"version":3}"#, " ".repeat(5 << 20)), ErrorKind::Body, "more than 4194304 bytes"),
            (r#"{"version":1,"upload_id":"U1"}"#, ErrorKind::InvalidInput, "has version 1"),
            (r#"{"version":1,"upload_id":"U1"}"#, ErrorKind::InvalidInput, "or remove the file"),
            (r#"{"version":4,"more":"fields"}"#, ErrorKind::InvalidInput, "has version 4"),
            (&sealed(r#"{"version":3,"kind":"download"}"#), ErrorKind::InvalidInput, "(download, and not upload)"),
            (r#"{"version":3,"kind":"dpload"}"#, ErrorKind::Body, "its checksum is missing"),
        ] {
            fs::write(&path, text).unwrap();
            let error = lock(&path).read().unwrap_err();
            let message = error.to_string();
            assert!(message.contains(problem) && message.contains("c.json"), "{message}");
            assert_eq!(error.kind(), kind, "{message}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(lock(&path).read().unwrap_err().to_string().contains("could not be read"));
    }

    #[test]
    fn file_without_content_is_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        for content in [[].as_slice(), &[0; 300]] {
            fs::write(&path, content).unwrap();
            assert_eq!(lock(&path).read().unwrap(), None);
        }
    }

    fn sealed(object: &str) -> String {
        String::from_utf8(seal(object.into())).unwrap()
    }

    #[test]
    fn journal_with_any_flipped_bit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        let file = lock(&path);
        file.start(journal(), None).unwrap();
        file.record(3, Some("9ae0daaf".into())).unwrap();
        file.flush().unwrap();
        let intact = fs::read(&path).unwrap();
        assert!(file.read().is_ok());
        for bit in 0..8 * intact.len() {
            let mut damaged = intact.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &damaged).unwrap();
            assert!(file.read().is_err(), "bit {bit}: {}", String::from_utf8_lossy(&damaged));
        }
    }

    #[test]
    fn journal_whose_files_are_those_of_the_transfer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for other in ["c", "c.lock", "c.new"] {
            let error = JournalFile::<TestTransfer>::lock(path("c"), &[&path("x"), &path(other)], true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(&format!("c would overwrite {}", path(other).display())), "{error}");
        }
        for empty in [Path::new(""), &path("folder/")] {
            let error = JournalFile::<TestTransfer>::lock(empty.to_owned(), &[], true).unwrap_err();
            assert!(error.to_string().contains("does not end with the name of a file"), "{error}");
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
