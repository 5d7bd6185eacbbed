//! What of an upload is known after the program that began it has died.

pub(crate) mod atomic_file;
pub(crate) mod lock;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use crate::Timestamp;
use crate::body::Fingerprint;
use crate::error::{Error, ErrorKind, Result};
use crate::md5_lanes::Md5Sum;
use crate::transfer::checkpoint_lock::CheckpointLock;
use crate::transfer::destination::Destination;
use crate::transfer::etag::{hex, parse_hex};

const VERSION: u32 = 1;

/// Parts whose sums were not written down yet are read again when the upload is resumed, which is cheaper than writing the
/// file for each.
const WRITTEN_EVERY: Duration = Duration::from_millis(500);

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    version: u32,
    pub(crate) destination: Destination,
    pub(crate) upload_id: String,
    pub(crate) begun: Timestamp,
    pub(crate) source: SourceFile,
    pub(crate) part_size: u64,
    /// The MD5 of each part that was sent, by its number.
    parts: BTreeMap<u32, String>,
}

/// What every version has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceFile {
    /// What of it is not Unicode is replaced.
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) fingerprint: Fingerprint,
}

impl Checkpoint {
    pub(crate) fn new(
        destination: Destination,
        upload_id: &str,
        begun: Timestamp,
        source: SourceFile,
        part_size: u64,
    ) -> Self {
        let (upload_id, parts) = (upload_id.to_owned(), BTreeMap::new());
        Self { version: VERSION, destination, upload_id, begun, source, part_size, parts }
    }

    /// Replaces what is known of parts.
    pub(crate) fn know(&mut self, sums: impl Iterator<Item = (u32, Md5Sum)>) {
        self.parts = sums.map(|(part, sum)| (part, hex(&sum))).collect();
    }

    pub(crate) fn sum(&self, part: u32) -> Option<Md5Sum> {
        self.parts.get(&part).and_then(|sum| parse_hex(sum))
    }

    /// What the file holds; `None` if there is none. Blocks.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>> {
        let text = atomic_file::read(path).map_err(|error| faulty(path, "could not be read", error))?;
        let Some(text) = text else { return Ok(None) };
        let not_one = |error| faulty(path, "is not one of an upload", error);
        let Version { version } = serde_json::from_slice(&text).map_err(not_one)?;
        if version != VERSION {
            return Err(Error::invalid_input(format!(
                "the checkpoint {} has version {}, and this SDK knows {VERSION}: resume it with the version that wrote it",
                path.display(),
                version
            )));
        }
        serde_json::from_slice(&text).map(Some).map_err(not_one)
    }

    /// Removes the file, if there is one, and what a program that died while writing it left beside it. Blocks.
    pub(crate) fn remove(path: &Path) -> Result<()> {
        atomic_file::forget(path).map_err(|error| faulty(path, "could not be removed", error))
    }

    fn store(&self, path: &Path) -> io::Result<()> {
        atomic_file::replace(path, &serde_json::to_vec(self)?)
    }
}

/// The file of an upload that is under way.
#[derive(Debug)]
pub(crate) struct CheckpointFile {
    path: PathBuf,
    state: Mutex<State>,
    _lock: Arc<CheckpointLock>,
}

#[derive(Debug)]
struct State {
    checkpoint: Checkpoint,
    tried: Instant,
    is_written: bool,
    /// Nothing is written any more: there is no upload to go on with.
    is_over: bool,
}

impl CheckpointFile {
    /// Writes it for the first time. Blocks.
    pub(crate) fn create(path: &Path, checkpoint: Checkpoint, lock: Arc<CheckpointLock>) -> Result<Self> {
        let file = Self::there(path, checkpoint, lock);
        file.flush()?;
        Ok(file)
    }

    /// One that was written by an upload that died, with what is known by now.
    pub(crate) fn there(path: &Path, checkpoint: Checkpoint, lock: Arc<CheckpointLock>) -> Self {
        let state = State { checkpoint, tried: Instant::now(), is_written: false, is_over: false };
        Self { path: path.to_owned(), state: Mutex::new(state), _lock: lock }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes a part that was sent. Blocks if it is time to write. What cannot be written is no reason to end an upload
    /// that goes well: it is tried again later, and what is missing in the end is found by reading the source.
    pub(crate) fn note(&self, part: u32, sum: &Md5Sum) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.checkpoint.parts.insert(part, hex(sum));
        state.is_written = false;
        // One that was stopped may come after the end.
        if state.is_over || state.tried.elapsed() < WRITTEN_EVERY {
            return;
        }
        if let Err(error) = self.write(&mut state) {
            let upload_id = &state.checkpoint.upload_id;
            tracing::warn!(upload_id, %error, "the upload goes on, and not all of it is noted");
        }
    }

    /// Writes what was not written yet. Blocks.
    pub(crate) fn flush(&self) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_written || state.is_over { Ok(()) } else { self.write(&mut state) }
    }

    /// Removes the file for good. Blocks.
    pub(crate) fn remove(&self) -> Result<()> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        Checkpoint::remove(&self.path)
    }

    fn write(&self, state: &mut State) -> Result<()> {
        state.tried = Instant::now();
        state.checkpoint.store(&self.path).map_err(|error| faulty(&self.path, "could not be written", error))?;
        state.is_written = true;
        Ok(())
    }
}

fn faulty(path: &Path, what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Body, format!("the checkpoint {} {what}", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::transfer::object_properties::ObjectProperties;
    use crate::{Config, QingStor};

    fn checkpoint() -> Checkpoint {
        let fingerprint = Fingerprint { size: 20 << 20, modified: Some(-5), identity: Some((1, 2, 3, 4)) };
        let source = SourceFile { path: "db.tar".into(), fingerprint };
        let bucket = QingStor::new(Config::anonymous()).unwrap().bucket("b", "pek3b");
        let destination = Destination::new(&bucket, "k", &ObjectProperties::default());
        Checkpoint::new(destination, "U1", Timestamp::from_unix(1).unwrap(), source, 8 << 20)
    }

    #[test]
    fn what_was_noted_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        assert_eq!(Checkpoint::load(&path).unwrap(), None);
        let lock = Arc::new(CheckpointLock::of(&path).unwrap());
        let file = CheckpointFile::create(&path, checkpoint(), lock).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap().unwrap(), checkpoint(), "before any part");
        file.note(3, &[7; 16]);
        file.flush().unwrap();
        let loaded = Checkpoint::load(&path).unwrap().unwrap();
        assert_eq!((loaded.sum(3), loaded.sum(0)), (Some([7; 16]), None));
        file.remove().unwrap();
        file.note(4, &[8; 16]);
        file.flush().unwrap();
        drop(file);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "and nothing is left of it");
    }

    #[test]
    fn what_is_no_checkpoint_is_refused_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        let newer = r#"{"version":2,"whatever":"there is"}"#;
        for (text, problem) in [
            ("", "is not one of an upload"),
            ("{}", "missing field"),
            ("{\"version\":1,\"a\":2}", "unknown field"),
            (newer, "has version 2"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Checkpoint::load(&path).unwrap_err().to_string();
            assert!(error.contains(problem) && error.contains("c.json"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "and left alone");
        }
        assert!(Checkpoint::load(folder.path()).unwrap_err().to_string().contains("could not be read"));
    }
}
