//! Rebuilding the index from the files, and finishing what a killed process had begun.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::layout::{Layout, read_bytes, read_record, unreadable};
use super::moves::UnfinishedMove;
use super::record::{PartRecord, Segments, UploadRecord, VersionRecord};
use super::segment::{Segment, SegmentContext};
use super::sequence::Sequence;
use super::uploads::Upload;
use super::version::Version;
use super::versioning::{Versioning, VersioningRecord};
use super::{Bucket, Index};
use crate::clock::Moment;
use crate::settings::Settings;

/// What was found.
pub(super) struct Recovered {
    pub(super) index: Index,
    pub(super) moves: Vec<UnfinishedMove>,
}

/// The uploads and objects that others were made of, by their ids.
type Consumed = HashMap<String, Consumer>;

/// What another one was made of that upload or object, and when.
struct Consumer {
    record: PathBuf,
    made: Moment,
}

/// Reads everything. Segments that no record names are deleted as the list of all segments is dropped at the end.
pub(super) fn load(layout: &Layout, context: &SegmentContext, sequence: &Sequence) -> io::Result<Recovered> {
    let mut segments = Segments::new();
    for (id, path) in files(&layout.segments())? {
        let segment = Segment::new(id.clone(), path, context.clone());
        segments.insert(id, Arc::new(segment));
    }
    match load_buckets(layout, &segments, sequence) {
        Ok(recovered) => Ok(recovered),
        Err(error) => {
            // A start that fails must not take the data with it.
            context.keep_files.store(true, std::sync::atomic::Ordering::SeqCst);
            Err(error)
        }
    }
}

fn load_buckets(layout: &Layout, segments: &Segments, sequence: &Sequence) -> io::Result<Recovered> {
    let mut index = Index::default();
    let mut consumed = Consumed::new();
    for (id, path) in directories(&layout.buckets())? {
        let mut bucket = Bucket {
            info: read_record(&path.join("bucket.json"))?,
            versioning: load_versioning(&layout.versioning(&id))?,
            settings: Arc::new(load_settings(layout, &id)?),
            objects: BTreeMap::new(),
            histories: BTreeMap::new(),
            uploads: load_uploads(layout, &id, segments)?,
            id,
        };
        for (name, path) in files(&layout.objects(&bucket.id))? {
            let version = load_version(&name, &path, segments, &mut consumed)?;
            sequence.pass(version.sequence);
            bucket.insert(version);
        }
        index.buckets.insert(bucket.info.name.clone(), bucket);
    }
    let mut moves = Vec::new();
    for bucket in index.buckets.values_mut() {
        finish_uploads(layout, bucket, &consumed)?;
        moves.extend(unfinished_moves(bucket, &consumed));
    }
    Ok(Recovered { index, moves })
}

/// A bucket on which nothing was ever set has no file of settings.
fn load_settings(layout: &Layout, bucket: &str) -> io::Result<Settings> {
    let path = layout.settings(bucket);
    if path.exists() { read_record(&path) } else { Ok(Settings::default()) }
}

fn load_versioning(path: &Path) -> io::Result<Versioning> {
    if !path.exists() {
        return Ok(Versioning::default());
    }
    read_record(path).map(|record: VersioningRecord| record.status)
}

fn load_version(name: &str, path: &Path, segments: &Segments, consumed: &mut Consumed) -> io::Result<Version> {
    let bytes = read_bytes(path)?;
    let mut record = VersionRecord::parse(&bytes).map_err(|error| unreadable(path, error.into()))?;
    if let VersionRecord::Object(object) = &mut record
        && let Some(id) = object.consumed.take()
    {
        consumed.insert(id, Consumer { record: path.to_owned(), made: object.modified });
    }
    Ok(Version { sequence: record.sequence(), is_null: Layout::is_null_version(name), content: record.load(segments)? })
}

fn load_uploads(layout: &Layout, bucket: &str, segments: &Segments) -> io::Result<BTreeMap<String, Upload>> {
    let mut uploads = BTreeMap::new();
    for (id, path) in directories(&layout.uploads(bucket))? {
        let record: UploadRecord = read_record(&path.join("upload.json"))?;
        let mut upload = record.load(id.clone());
        for (name, path) in files(&path)? {
            if name != "upload.json" {
                let part = read_record::<PartRecord>(&path)?.load(segments)?;
                upload.parts.insert(part.number, Arc::new(part));
            }
        }
        uploads.insert(id, upload);
    }
    Ok(uploads)
}

/// Takes away the uploads that had become objects when the process was killed.
fn finish_uploads(layout: &Layout, bucket: &mut Bucket, consumed: &Consumed) -> io::Result<()> {
    let uploads: Vec<String> = bucket.uploads.keys().filter(|id| consumed.contains_key(*id)).cloned().collect();
    for id in uploads {
        drop(layout.discard(&layout.upload(&bucket.id, &id))?);
        bucket.uploads.remove(&id);
    }
    Ok(())
}

fn unfinished_moves(bucket: &Bucket, consumed: &Consumed) -> Vec<UnfinishedMove> {
    let objects = bucket.histories.values().flat_map(|history| history.latest_first()).filter_map(Version::object);
    objects
        .filter_map(|object| {
            consumed.get(&object.id).map(|consumer| UnfinishedMove {
                bucket: bucket.info.name.clone(),
                key: object.content.key.clone(),
                object: object.id.clone(),
                moved: consumer.made,
                target: consumer.record.clone(),
            })
        })
        .collect()
}

fn files(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    entries(directory, false)
}

fn directories(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    entries(directory, true)
}

/// What is in a directory, without what file managers leave there: no name of ours begins with a dot, and files are
/// not where directories are.
fn entries(directory: &Path, directories: bool) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| unreadable(directory, error))? {
        let entry = entry.map_err(|error| unreadable(directory, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.starts_with('.') {
            continue;
        }
        // Through links: a bucket passed over by mistake would lose its segments.
        if fs::metadata(&path).map_err(|error| unreadable(&path, error))?.is_dir() == directories {
            found.push((name, path));
        }
    }
    Ok(found)
}
