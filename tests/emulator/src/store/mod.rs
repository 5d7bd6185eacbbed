//! Everything that is kept: buckets, objects, unfinished uploads, and the files they are made of.
//!
//! The index lives in memory and is rebuilt from the files at start. A change first puts its data and its record
//! aside under temporary names; the rename of the record (of the directory, where there is one) is the moment it
//! happens, in the index and on disk, under one lock. So a process killed at any time leaves the old state or the
//! new one. Nothing is forced to the device: what survives the process need not survive the machine.
//!
//! A key has a history of versions, each with a record of its own. Without versioning there is one, the null version,
//! whose record is replaced by that of the next. Where the service does not say how versions behave, S3 is followed.

mod append;
mod buckets;
mod commit;
mod layout;
mod listing;
mod moves;
mod object;
mod objects;
mod record;
mod recovery;
mod segment;
mod sequence;
mod settings;
mod uploads;
mod version;
mod versioning;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use buckets::BucketInfo;
use layout::Layout;
pub(crate) use listing::{Listed, Page, common_prefix, page};
pub(crate) use object::{Extent, NewObject, Object, slice, total};
pub(crate) use objects::no_object;
use segment::SegmentContext;
pub(crate) use segment::{Received, SegmentWriter};
use sequence::Sequence;
pub(crate) use uploads::{NewPart, NewUpload, Part, Upload, too_many_parts};
pub(crate) use version::{Content, History, Version, VersionId};
pub(crate) use versioning::Versioning;

use crate::error::{Code, Error};
use crate::settings::Settings;

/// The emulator's storage in one directory.
#[derive(Debug)]
pub(crate) struct Store {
    index: Mutex<Index>,
    segments: SegmentContext,
    sequence: Sequence,
    layout: Layout,
}

/// What is there, by name.
#[derive(Debug, Default)]
struct Index {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// The name of its directory; names of buckets come and go, ids do not return.
    id: String,
    info: BucketInfo,
    versioning: Versioning,
    settings: Arc<Settings>,
    /// What is served under each key. It follows from the histories and is changed together with them only.
    objects: BTreeMap<String, Arc<Object>>,
    /// The versions of each key. None of them is empty.
    histories: BTreeMap<String, History>,
    uploads: BTreeMap<String, Upload>,
}

impl Store {
    /// Opens a directory, made if it is not there, and clears away what an earlier process left unfinished.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let layout = Layout::open(root)?;
        let segments = SegmentContext { keep_files: Arc::new(AtomicBool::new(false)) };
        let sequence = Sequence::default();
        let recovered = recovery::load(&layout, &segments, &sequence)?;
        let store = Self { index: Mutex::new(recovered.index), segments, sequence, layout };
        for unfinished in &recovered.moves {
            store.finish_move(unfinished)?;
        }
        Ok(store)
    }

    // A thread that died while holding the lock had done its rename or had not; the index is whole either way.
    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // From here on dropping the index means that the process forgets, not that files are unwanted.
        self.segments.keep_files.store(true, Ordering::SeqCst);
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
mod directory_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod settings_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod version_tests;
