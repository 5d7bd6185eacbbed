//! The storage: buckets, objects and unfinished uploads, and the files that contain them.
//!
//! Every bucket, version, upload and part has a record, which is a file with JSON. The index of all records is in
//! memory. It is rebuilt from the files at the start.
//!
//! A change first writes its data, and its record under a temporary name. Then it renames the record, or the directory
//! of the record, and changes the index, both under one lock. If the process is killed at any time, the files have the
//! state before the change or the state after it. Files are not synced: data survives the end of the process, but may
//! be lost if the machine fails.
//!
//! A key has a history of versions. Without versioning there is only the null version, which every write replaces.
//! If QingStor's documentation does not define how versions behave, they behave as in S3.

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
pub(crate) use listing::{Entry, Page, page};
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
    /// Set when the store is dropped, so that dropping the index does not delete the files of segments.
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
    /// Name of the bucket's directory. Unlike the name of a bucket, an id is never used again.
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

    // A thread that panicked while it held the lock left a consistent index, because nothing can panic between the
    // rename of a record and the change of the index.
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
