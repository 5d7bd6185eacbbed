//! Rebuilding the index from the files, and finishing what a killed process had begun.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::layout::{Layout, read_record, unreadable};
use super::record::{ObjectRecord, PartRecord, Segments, UploadRecord};
use super::segment::{Segment, SegmentContext};
use super::uploads::Upload;
use super::{Bucket, Index};

/// Reads everything. Segments that no record names are deleted as the list of all segments is dropped at the end.
pub(crate) fn load(layout: &Layout, context: &SegmentContext) -> io::Result<Index> {
    let mut segments = Segments::new();
    for (id, path) in files(&layout.segments())? {
        let segment = Segment::new(id.clone(), path, context.clone());
        segments.insert(id, Arc::new(segment));
    }
    match load_buckets(layout, &segments) {
        Ok(index) => Ok(index),
        Err(error) => {
            // A start that fails must not take the data with it.
            context.keep_files.store(true, std::sync::atomic::Ordering::SeqCst);
            Err(error)
        }
    }
}

fn load_buckets(layout: &Layout, segments: &Segments) -> io::Result<Index> {
    let mut index = Index::default();
    let mut consumed = HashSet::new();
    for (id, path) in directories(&layout.buckets())? {
        let bucket = Bucket {
            info: read_record(&path.join("bucket.json"))?,
            objects: load_objects(layout, &id, segments, &mut consumed)?,
            uploads: load_uploads(layout, &id, segments)?,
            id,
        };
        index.buckets.insert(bucket.info.name.clone(), bucket);
    }
    for bucket in index.buckets.values_mut() {
        finish(layout, bucket, &consumed)?;
    }
    Ok(index)
}

fn load_objects(
    layout: &Layout,
    bucket: &str,
    segments: &Segments,
    consumed: &mut HashSet<String>,
) -> io::Result<BTreeMap<String, Arc<super::Object>>> {
    let mut objects = BTreeMap::new();
    for (_, path) in files(&layout.objects(bucket))? {
        let mut record: ObjectRecord = read_record(&path)?;
        consumed.extend(record.consumed.take());
        let object = record.load(segments)?;
        objects.insert(object.content.key.clone(), Arc::new(object));
    }
    Ok(objects)
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

/// Takes away what has become part of another object before the process was killed.
fn finish(layout: &Layout, bucket: &mut Bucket, consumed: &HashSet<String>) -> io::Result<()> {
    let uploads: Vec<String> = bucket.uploads.keys().filter(|id| consumed.contains(*id)).cloned().collect();
    for id in uploads {
        drop(layout.discard(&layout.upload(&bucket.id, &id))?);
        bucket.uploads.remove(&id);
    }
    let objects: Vec<String> = bucket
        .objects
        .values()
        .filter(|object| consumed.contains(&object.id))
        .map(|object| object.content.key.clone())
        .collect();
    for key in objects {
        fs::remove_file(layout.object(&bucket.id, &key))?;
        bucket.objects.remove(&key);
    }
    Ok(())
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
