//! The storage: buckets, objects, unfinished uploads, and the files that contain them.
//!
//! The index is in memory and is rebuilt from the files at the start. A change first writes its data and its record under
//! temporary names. It takes effect, in the index and on disk, with the rename of the record (or of its directory) under
//! one lock. A process that is killed at any time leaves the old state or the new one. Files are not synced, so the
//! data survives the process, but possibly not the machine.
//!
//! A key has a history of versions, each with its own record. Without versioning there is one version, the null version,
//! whose record is replaced. If the documents of the service do not define how versions behave, S3 is the model.

mod buckets;
mod data_directory;
mod listing;
mod objects;
mod recovery;
mod segment;
mod uploads;
mod version;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use buckets::{BucketInfo, Versioning};
use data_directory::DataDirectory;
pub(crate) use listing::{Entry, Page, page, page_of_lists};
pub(crate) use objects::no_object;
#[cfg(test)]
pub(crate) use segment::extent_without_file;
pub(crate) use segment::{Extent, SegmentWriter, Stored, slice, total};
pub(crate) use uploads::{Part, Upload, too_many_parts};
use version::Sequence;
pub(crate) use version::{Content, History, Object, Version, VersionId};

use crate::error::{Code, Error};
use crate::settings::Settings;

/// The storage of an emulator in one directory.
#[derive(Debug)]
pub(crate) struct Store {
    index: Mutex<Index>,
    /// Set when the store closes, so that segments keep their files when the index is dropped.
    keep_files: Arc<AtomicBool>,
    sequence: Sequence,
    directory: DataDirectory,
}

/// Buckets by name.
#[derive(Debug, Default)]
struct Index {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// Name of its directory. A name can be used again after its bucket was deleted, an id cannot.
    id: String,
    info: BucketInfo,
    versioning: Versioning,
    settings: Arc<Settings>,
    /// The versions of each key. None of the histories is empty.
    histories: BTreeMap<String, History>,
    /// Unfinished uploads by id.
    uploads: BTreeMap<String, Upload>,
}

impl Store {
    /// Opens a directory, creates it if it does not exist, and removes unfinished files of an earlier process.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let directory = DataDirectory::open(root)?;
        let keep_files = Arc::new(AtomicBool::new(false));
        let sequence = Sequence::default();
        let recovered = recovery::load(&directory, &keep_files, &sequence)?;
        let store = Self { index: Mutex::new(recovered.index), keep_files, sequence, directory };
        for unfinished in &recovered.moves {
            store.finish_move(unfinished)?;
        }
        Ok(store)
    }

    // A thread that panicked with the lock did its rename or did not. The index is consistent in both cases.
    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.keep_files.store(true, Ordering::SeqCst);
    }
}

impl Index {
    fn bucket(&self, name: &str) -> Result<&Bucket, Error> {
        self.buckets.get(name).ok_or_else(|| no_bucket(name))
    }

    fn bucket_mut(&mut self, name: &str) -> Result<&mut Bucket, Error> {
        self.buckets.get_mut(name).ok_or_else(|| no_bucket(name))
    }
}

fn no_bucket(name: &str) -> Error {
    Error::new(Code::BucketNotExists, format!("there is no bucket \"{name}\""))
}

#[cfg(test)]
mod tests;
