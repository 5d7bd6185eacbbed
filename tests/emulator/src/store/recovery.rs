//! Rebuilds the index from the files. Removes completed uploads and finds unfinished moves that a killed process left.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::de::DeserializeOwned;

use super::buckets::{SETTINGS_FILE, VERSIONING_FILE, VersioningRecord};
use super::data_directory::{DataDirectory, read_record, unreadable};
use super::objects::UnfinishedMove;
use super::segment::{Segment, Segments, attach};
use super::version::{Sequence, VersionRecord};
use super::{Bucket, Content, Index, Part, Upload, Version};
use crate::clock::Moment;

/// The index and the unfinished moves, as read from the files.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) moves: Vec<UnfinishedMove>,
}

/// Completed uploads and moved objects, which a new object replaced. Maps the id of the upload or moved object to the
/// path of the new object's record and the time at which the new object was created.
type Consumed = HashMap<String, (PathBuf, Moment)>;

/// Reads all files. Deletes segments that no record refers to, by dropping the list of all segments at the end.
pub(super) fn load(
    directory: &DataDirectory,
    keep_files: &Arc<AtomicBool>,
    sequence: &Sequence,
) -> io::Result<Recovered> {
    let mut segments = Segments::new();
    for (id, path) in files(&directory.segments())? {
        let segment = Segment::new(id.clone(), path, Arc::clone(keep_files));
        segments.insert(id, Arc::new(segment));
    }
    // If a record cannot be read, its segments must not be deleted.
    load_buckets(directory, &segments, sequence).inspect_err(|_| keep_files.store(true, Ordering::SeqCst))
}

fn load_buckets(directory: &DataDirectory, segments: &Segments, sequence: &Sequence) -> io::Result<Recovered> {
    let mut index = Index::default();
    let mut consumed = Consumed::new();
    for (id, path) in directories(&directory.buckets())? {
        let mut bucket = Bucket::new(id, read_record(&path.join("bucket.json"))?);
        bucket.versioning = read_optional::<VersioningRecord>(&path.join(VERSIONING_FILE))?.status;
        bucket.settings = Arc::new(read_optional(&path.join(SETTINGS_FILE))?);
        bucket.uploads = load_uploads(directory, &bucket.id, segments)?;
        for (name, path) in files(&directory.objects(&bucket.id))? {
            let version = load_version(&name, path, segments, &mut consumed)?;
            sequence.advance_past(version.sequence);
            bucket.insert(version);
        }
        index.buckets.insert(bucket.info.name.clone(), bucket);
    }
    let mut moves = Vec::new();
    for bucket in index.buckets.values_mut() {
        let completed: Vec<String> = bucket.uploads.keys().filter(|id| consumed.contains_key(*id)).cloned().collect();
        for id in completed {
            drop(directory.discard(&directory.upload(&bucket.id, &id))?);
            bucket.uploads.remove(&id);
        }
        let versions = bucket.histories.values().flat_map(|history| history.latest_first());
        moves.extend(versions.filter_map(Version::object).filter_map(|source| {
            let (target, moved) = consumed.get(&source.id)?;
            let (bucket, source) = (bucket.info.name.clone(), Arc::clone(source));
            Some(UnfinishedMove { bucket, source, moved: *moved, target: target.clone() })
        }));
    }
    Ok(Recovered { index, moves })
}

/// Reads a record, or returns the default if the file does not exist.
fn read_optional<T: DeserializeOwned + Default>(path: &Path) -> io::Result<T> {
    if path.exists() { read_record(path) } else { Ok(T::default()) }
}

fn load_version(name: &str, path: PathBuf, segments: &Segments, consumed: &mut Consumed) -> io::Result<Version> {
    let mut record: VersionRecord = read_record(&path)?;
    let (sequence, source) = (record.sequence, record.consumed.take());
    let content = record.load(segments).map_err(|error| unreadable(&path, error))?;
    if let (Some(id), Content::Object(object)) = (source, &content) {
        consumed.insert(id, (path, object.modified));
    }
    Ok(Version { sequence, is_null: DataDirectory::is_null_version(name), content })
}

fn load_uploads(directory: &DataDirectory, bucket: &str, segments: &Segments) -> io::Result<BTreeMap<String, Upload>> {
    let mut uploads = BTreeMap::new();
    for (id, path) in directories(&directory.uploads(bucket))? {
        let mut upload: Upload = read_record(&path.join("upload.json"))?;
        for (name, path) in files(&path)? {
            if name != "upload.json" {
                let mut part: Part = read_record(&path)?;
                attach(&mut part.extents, segments)?;
                upload.parts.insert(part.number, Arc::new(part));
            }
        }
        uploads.insert(id, upload);
    }
    Ok(uploads)
}

fn files(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    entries(directory, false)
}

fn directories(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    entries(directory, true)
}

/// Returns the names and paths of the subdirectories, if `directories` is true, or else of the files. Ignores names
/// that start with a dot, such as `.DS_Store`, because other programs create them.
fn entries(directory: &Path, directories: bool) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| unreadable(directory, error))? {
        let entry = entry.map_err(|error| unreadable(directory, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.starts_with('.') {
            continue;
        }
        // `fs::metadata` follows links. If a linked bucket were skipped, its segments would be deleted.
        if fs::metadata(&path).map_err(|error| unreadable(&path, error))?.is_dir() == directories {
            found.push((name, path));
        }
    }
    Ok(found)
}
