//! What of an upload is known after the program that began it has died.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use super::checksum::{hex, parse_hex};
use super::md5::Md5Sum;
use super::source::Fingerprint;
use super::whole_file;
use crate::Timestamp;
use crate::error::{Error, ErrorKind, Result};

const VERSION: u32 = 1;

/// Parts whose sums were not written down yet are read again when the upload is resumed, which is cheaper than writing the
/// file for each.
const WRITTEN_EVERY: Duration = Duration::from_millis(500);

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    version: u32,
    pub(crate) bucket: String,
    pub(crate) key: String,
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
        bucket: &str,
        key: &str,
        upload_id: &str,
        begun: Timestamp,
        source: SourceFile,
        part_size: u64,
    ) -> Self {
        Self {
            version: VERSION,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            upload_id: upload_id.to_owned(),
            begun,
            source,
            part_size,
            parts: BTreeMap::new(),
        }
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
        let text = whole_file::read(path).map_err(|error| faulty(path, "could not be read", error))?;
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

    /// Removes the file, if there is one. Blocks.
    pub(crate) fn remove(path: &Path) -> Result<()> {
        whole_file::remove(path).map_err(|error| faulty(path, "could not be removed", error))
    }

    fn store(&self, path: &Path) -> io::Result<()> {
        whole_file::replace(path, &serde_json::to_vec(self)?)
    }
}

/// The file of an upload that is under way.
#[derive(Debug)]
pub(crate) struct CheckpointFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    checkpoint: Checkpoint,
    written: Instant,
    is_written: bool,
}

impl CheckpointFile {
    /// Writes it for the first time, or once more as it is. Blocks.
    pub(crate) fn create(path: &Path, checkpoint: Checkpoint) -> Result<Self> {
        checkpoint.store(path).map_err(|error| faulty(path, "could not be written", error))?;
        let state = State { checkpoint, written: Instant::now(), is_written: true };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes a part that was sent. Blocks if it is time to write.
    pub(crate) fn note(&self, part: u32, sum: &Md5Sum) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.checkpoint.parts.insert(part, hex(sum));
        state.is_written = false;
        if state.written.elapsed() < WRITTEN_EVERY { Ok(()) } else { self.write(&mut state) }
    }

    /// Writes what was not written yet. Blocks.
    pub(crate) fn flush(&self) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_written { Ok(()) } else { self.write(&mut state) }
    }

    fn write(&self, state: &mut State) -> Result<()> {
        state.checkpoint.store(&self.path).map_err(|error| faulty(&self.path, "could not be written", error))?;
        state.is_written = true;
        state.written = Instant::now();
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

    fn checkpoint() -> Checkpoint {
        let fingerprint = Fingerprint { size: 20 << 20, modified: Some(-5), identity: Some((1, 2, 3, 4)) };
        let source = SourceFile { path: "db.tar".into(), fingerprint };
        Checkpoint::new("b", "k", "U1", Timestamp::from_unix(1).unwrap(), source, 8 << 20)
    }

    #[test]
    fn what_was_noted_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        assert_eq!(Checkpoint::load(&path).unwrap(), None);
        let file = CheckpointFile::create(&path, checkpoint()).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap().unwrap(), checkpoint(), "before any part");
        file.note(3, &[7; 16]).unwrap();
        file.flush().unwrap();
        let loaded = Checkpoint::load(&path).unwrap().unwrap();
        assert_eq!((loaded.sum(3), loaded.sum(0)), (Some([7; 16]), None));
        Checkpoint::remove(&path).unwrap();
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
