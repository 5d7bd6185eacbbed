//! Objects, their versions, and the history of a key.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::segment::{Extent, Segments, Stored, attach, total};
use crate::clock::Moment;
use crate::headers::{hex, quoted};
use crate::ids;
use crate::metadata::Properties;

/// An object. It never changes. A change creates another object with the same key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) id: String,
    pub(crate) key: String,
    /// ETag with quotes.
    pub(crate) etag: String,
    /// True if the ETag is the MD5 of the data.
    #[serde(rename = "digested")]
    pub(crate) is_etag_md5: bool,
    pub(crate) modified: Moment,
    #[serde(flatten)]
    pub(crate) properties: Properties,
    /// True if the object was created by `AppendObject`. Only such an object can be appended to.
    #[serde(default, rename = "appendable", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_appendable: bool,
    pub(crate) extents: Vec<Extent>,
}

impl Object {
    /// Creates an object with a new id and without data.
    pub(crate) fn new(key: &str, properties: Properties, now: Moment) -> Self {
        Self {
            id: ids::sequential(now),
            key: key.to_owned(),
            etag: String::new(),
            is_etag_md5: false,
            modified: now,
            properties,
            is_appendable: false,
            extents: Vec::new(),
        }
    }

    /// Sets the data, and its MD5 as the ETag.
    pub(crate) fn with_data(self, data: Stored) -> Self {
        Self { etag: quoted(&hex(&data.md5)), is_etag_md5: true, extents: data.extents, ..self }
    }

    pub(crate) fn size(&self) -> u64 {
        total(&self.extents)
    }
}

/// A delete marker: a version that marks a key as deleted and keeps the earlier versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeleteMarker {
    pub(crate) key: String,
    pub(crate) modified: Moment,
}

/// The record of a version. The name of its file shows if it is the null version.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VersionRecord<T = Map<String, Value>> {
    /// Position among the versions of the key. Records of format 1 have no position. They are read as 0, because their
    /// objects are older than all versions of format 2.
    #[serde(default)]
    pub(super) sequence: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) delete_marker: bool,
    /// The id of the upload or object that became this version. If that upload or object still exists when the emulator
    /// starts, an earlier process was killed before it could remove it. The start then removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) consumed: Option<String>,
    #[serde(flatten)]
    pub(super) content: T,
}

impl VersionRecord {
    /// Returns the content. An untagged enum would be shorter, but its errors would not name the invalid field.
    pub(super) fn load(self, segments: &Segments) -> std::io::Result<Content> {
        let content = Value::Object(self.content);
        if self.delete_marker {
            return Ok(Content::DeleteMarker(serde_json::from_value(content)?));
        }
        let mut object: Object = serde_json::from_value(content)?;
        attach(&mut object.extents, segments)?;
        Ok(Content::Object(Arc::new(object)))
    }
}

/// The content of a version.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Object(Arc<Object>),
    DeleteMarker(DeleteMarker),
}

impl Content {
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Object(object) => &object.key,
            Self::DeleteMarker(marker) => &marker.key,
        }
    }

    pub(crate) fn modified(&self) -> Moment {
        match self {
            Self::Object(object) => object.modified,
            Self::DeleteMarker(marker) => marker.modified,
        }
    }
}

/// Number of digits of a version id before it is encoded in base64. A multiple of three needs no padding, and digits
/// become letters and digits, so that a version id needs no encoding in a URL.
const DIGITS: usize = 18;

/// The id of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionId {
    /// The version that writes create, and replace, while versioning is not enabled.
    Null,
    Numbered(u64),
}

impl VersionId {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Null);
        }
        let digits = STANDARD.decode(text).ok().filter(|digits| digits.len() == DIGITS)?;
        let digits = std::str::from_utf8(&digits).ok().filter(|digits| digits.bytes().all(|d| d.is_ascii_digit()))?;
        digits.parse().ok().map(Self::Numbered)
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Numbered(number) => f.write_str(&STANDARD.encode(format!("{number:0width$}", width = DIGITS))),
        }
    }
}

/// A version of an object, or a delete marker.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Position among the versions of the key.
    pub(crate) sequence: u64,
    pub(crate) is_null: bool,
    pub(crate) content: Content,
}

impl Version {
    pub(crate) fn id(&self) -> VersionId {
        if self.is_null { VersionId::Null } else { VersionId::Numbered(self.sequence) }
    }

    pub(crate) fn object(&self) -> Option<&Arc<Object>> {
        match &self.content {
            Content::Object(object) => Some(object),
            Content::DeleteMarker(_) => None,
        }
    }
}

/// Number of sequence numbers for each millisecond. If a millisecond needs more, it uses those of the next one.
const NUMBERS_PER_MILLISECOND: u64 = 2048;

/// Increasing numbers that order versions.
///
/// Numbers follow the clock, so that a restart does not reuse the number of a deleted version. They increase even if
/// the clock goes backwards.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    last: AtomicU64,
}

impl Sequence {
    /// Returns a number that is greater than all earlier ones.
    pub(crate) fn next(&self, now: Moment) -> u64 {
        let by_clock = now.milliseconds().max(0).unsigned_abs() * NUMBERS_PER_MILLISECOND;
        let after = |last: u64| by_clock.max(last + 1);
        let previous = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
        after(previous.unwrap_or_else(|last| last))
    }

    /// Makes all later numbers greater than `number`, which an earlier process used.
    pub(crate) fn advance_past(&self, number: u64) {
        self.last.fetch_max(number, Ordering::SeqCst);
    }
}

/// The versions of one key.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Oldest version first.
    versions: Vec<Version>,
}

impl History {
    pub(crate) fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Returns the current object. There is none if the latest version is a delete marker.
    pub(crate) fn current(&self) -> Option<&Arc<Object>> {
        self.latest().and_then(Version::object)
    }

    pub(crate) fn find(&self, id: VersionId) -> Option<&Version> {
        self.position(id).and_then(|index| self.versions.get(index))
    }

    pub(crate) fn latest_first(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().rev()
    }

    /// Returns the versions that follow `marker` in a listing. If the marker is a number, no version needs to have it.
    /// If the marker is a null version that no longer exists, its position is unknown, and all versions are returned,
    /// so that the listing omits none.
    pub(crate) fn latest_first_after(&self, marker: VersionId) -> impl Iterator<Item = &Version> {
        let before = match marker {
            VersionId::Numbered(number) => number,
            VersionId::Null => self.find(VersionId::Null).map_or(u64::MAX, |version| version.sequence),
        };
        self.latest_first().filter(move |version| version.sequence < before)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// Inserts a version and returns the version with the same id that it replaces.
    pub(crate) fn insert(&mut self, version: Version) -> Option<Version> {
        let replaced = self.remove(version.id());
        let index = self.versions.partition_point(|other| other.sequence < version.sequence);
        self.versions.insert(index, version);
        replaced
    }

    pub(crate) fn remove(&mut self, id: VersionId) -> Option<Version> {
        self.position(id).map(|index| self.versions.remove(index))
    }

    fn position(&self, id: VersionId) -> Option<usize> {
        self.versions.iter().position(|version| version.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(sequence: u64, is_null: bool) -> Version {
        let marker = DeleteMarker { key: "k".into(), modified: Moment::from_seconds(0) };
        Version { sequence, is_null, content: Content::DeleteMarker(marker) }
    }

    fn sequences<'a>(versions: impl Iterator<Item = &'a Version>) -> Vec<u64> {
        versions.map(|version| version.sequence).collect()
    }

    #[test]
    fn version_ids_round_trip() {
        for id in [VersionId::Null, VersionId::Numbered(0), VersionId::Numbered(691_234_335_201_700_833)] {
            let name = id.to_string();
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
            assert_eq!(VersionId::parse(&name), Some(id));
        }
        for other in ["", "Null", "1", "MQ==", &STANDARD.encode("+12345678901234567"), &STANDARD.encode([0xff; 18])] {
            assert_eq!(VersionId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn null_version_is_unique_and_becomes_the_latest() {
        let mut history = History::default();
        assert!(history.insert(version(1, true)).is_none());
        assert!(history.insert(version(3, false)).is_none());
        assert!(history.insert(version(2, false)).is_none());
        assert_eq!(sequences(history.latest_first()), [3, 2, 1]);
        assert_eq!(history.insert(version(4, true)).map(|old| old.sequence), Some(1));
        assert_eq!(sequences(history.latest_first()), [4, 3, 2]);
        assert_eq!(history.insert(version(3, false)).map(|old| old.sequence), Some(3));
        assert_eq!(history.remove(VersionId::Null).map(|old| old.sequence), Some(4));
        assert!(history.remove(VersionId::Null).is_none());
        assert_eq!(history.latest().map(Version::id), Some(VersionId::Numbered(3)));
    }

    #[test]
    fn listing_continues_after_a_removed_version() {
        let mut history = History::default();
        for number in [2, 4, 8] {
            history.insert(version(number, false));
        }
        history.insert(version(6, true));
        let after = |marker| sequences(history.latest_first_after(marker));
        assert_eq!(after(VersionId::Numbered(8)), [6, 4, 2]);
        assert_eq!(after(VersionId::Numbered(7)), [6, 4, 2]);
        assert_eq!(after(VersionId::Null), [4, 2]);
        assert_eq!(after(VersionId::Numbered(2)), [0; 0]);
        history.remove(VersionId::Null);
        assert_eq!(sequences(history.latest_first_after(VersionId::Null)), [8, 4, 2]);
    }

    #[test]
    fn numbers_increase_if_the_clock_goes_backwards() {
        let sequence = Sequence::default();
        let numbers = [5, 5, 3, 9].map(|seconds| sequence.next(Moment::from_seconds(seconds)));
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        sequence.advance_past(numbers[3] + 10);
        assert_eq!(sequence.next(Moment::from_seconds(0)), numbers[3] + 11);
    }

    #[test]
    fn largest_number_fits_a_version_id() {
        let number = Sequence::default().next(Moment::from_seconds(253_402_300_799));
        assert!(number.to_string().len() <= 18, "{number}");
    }
}
