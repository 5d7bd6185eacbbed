//! The records on disk, as JSON.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::segment::Segment;
use super::uploads::{Part, Upload};
use super::version::{Content, DeleteMarker};
use super::{Extent, NewObject, Object};
use crate::clock::Moment;
use crate::metadata::Metadata;

/// The segments found on disk, by their ids.
pub(crate) type Segments = HashMap<String, Arc<Segment>>;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExtentRecord {
    segment: String,
    offset: u64,
    length: u64,
}

impl ExtentRecord {
    pub(crate) fn all(extents: &[Extent]) -> Vec<Self> {
        extents
            .iter()
            .map(|extent| Self {
                segment: extent.segment.id().to_owned(),
                offset: extent.offset,
                length: extent.length,
            })
            .collect()
    }
}

fn resolve(records: Vec<ExtentRecord>, segments: &Segments) -> io::Result<Vec<Extent>> {
    records
        .into_iter()
        .map(|record| {
            let segment = segments.get(&record.segment).ok_or_else(|| {
                let message = format!("the data directory is damaged: segment {} is missing", record.segment);
                io::Error::new(io::ErrorKind::InvalidData, message)
            })?;
            Ok(Extent { segment: Arc::clone(segment), offset: record.offset, length: record.length })
        })
        .collect()
}

/// A version, whose file's name says whether it is the null version. Objects of format 1 are versions too.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum VersionRecord {
    Object(Box<ObjectRecord>),
    DeleteMarker(DeleteMarkerRecord),
}

impl VersionRecord {
    pub(crate) fn new(content: &Content, sequence: u64, consumed: Option<String>) -> Self {
        match content {
            Content::Object(object) => Self::Object(Box::new(ObjectRecord::new(object, sequence, consumed))),
            Content::DeleteMarker(marker) => Self::DeleteMarker(DeleteMarkerRecord {
                delete_marker: true,
                sequence,
                key: marker.key.clone(),
                modified: marker.modified,
            }),
        }
    }

    /// In two steps: trying one kind after the other would lose what is wrong with a record.
    pub(crate) fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        let kind: Kind = serde_json::from_slice(bytes)?;
        if kind.delete_marker {
            serde_json::from_slice(bytes).map(Self::DeleteMarker)
        } else {
            serde_json::from_slice(bytes).map(Self::Object)
        }
    }

    pub(crate) fn sequence(&self) -> u64 {
        match self {
            Self::Object(record) => record.sequence,
            Self::DeleteMarker(record) => record.sequence,
        }
    }

    pub(crate) fn load(self, segments: &Segments) -> io::Result<Content> {
        Ok(match self {
            Self::Object(record) => Content::Object(Arc::new(record.load(segments)?)),
            Self::DeleteMarker(record) => {
                Content::DeleteMarker(DeleteMarker { key: record.key, modified: record.modified })
            }
        })
    }
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    delete_marker: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeleteMarkerRecord {
    delete_marker: bool,
    sequence: u64,
    key: String,
    modified: Moment,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ObjectRecord {
    pub(crate) id: String,
    /// Format 1 has none: its objects are older than every version.
    #[serde(default)]
    sequence: u64,
    key: String,
    etag: String,
    digested: bool,
    pub(crate) modified: Moment,
    metadata: Metadata,
    storage_class: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    appendable: bool,
    extents: Vec<ExtentRecord>,
    /// The upload this object was completed from, or the object it was moved from. Where that is still there, the
    /// process was killed between making this and taking away that, and the start finishes the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) consumed: Option<String>,
}

impl ObjectRecord {
    fn new(object: &Object, sequence: u64, consumed: Option<String>) -> Self {
        let content = &object.content;
        Self {
            id: object.id.clone(),
            sequence,
            key: content.key.clone(),
            etag: content.etag.clone(),
            digested: content.digested,
            modified: content.modified,
            metadata: content.metadata.clone(),
            storage_class: content.storage_class.clone(),
            encryption: content.encryption.clone(),
            appendable: object.is_appendable,
            extents: ExtentRecord::all(&content.extents),
            consumed,
        }
    }

    fn load(self, segments: &Segments) -> io::Result<Object> {
        let extents = resolve(self.extents, segments)?;
        Ok(Object {
            id: self.id,
            size: super::total(&extents),
            is_appendable: self.appendable,
            content: NewObject {
                key: self.key,
                etag: self.etag,
                digested: self.digested,
                modified: self.modified,
                metadata: self.metadata,
                storage_class: self.storage_class,
                encryption: self.encryption,
                extents,
            },
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    pub(crate) key: String,
    pub(crate) created: Moment,
    pub(crate) metadata: Metadata,
    pub(crate) storage_class: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encryption: Option<String>,
}

impl UploadRecord {
    pub(crate) fn load(self, id: String) -> Upload {
        Upload {
            id,
            key: self.key,
            created: self.created,
            metadata: self.metadata,
            storage_class: self.storage_class,
            encryption: self.encryption,
            parts: Default::default(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PartRecord {
    number: u32,
    etag: String,
    created: Moment,
    extents: Vec<ExtentRecord>,
}

impl PartRecord {
    pub(crate) fn new(part: &Part) -> Self {
        Self {
            number: part.number,
            etag: part.etag.clone(),
            created: part.created,
            extents: ExtentRecord::all(&part.extents),
        }
    }

    pub(crate) fn load(self, segments: &Segments) -> io::Result<Part> {
        let extents = resolve(self.extents, segments)?;
        Ok(Part { number: self.number, size: super::total(&extents), etag: self.etag, created: self.created, extents })
    }
}
