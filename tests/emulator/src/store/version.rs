//! What a key has been: its versions in their order, what each is called, and which of them is served.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Object;
use crate::clock::Moment;

/// How many digits a number has before it is encoded. A multiple of three needs no padding, and digits alone encode to
/// letters and digits, so a version's name can stand in a URL as it is.
const DIGITS: usize = 18;

/// What a version is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionId {
    /// The one version that is written, and replaced, while versioning is not enabled.
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

/// Stands where a key was deleted and its earlier versions were kept.
#[derive(Clone, Debug)]
pub(crate) struct DeleteMarker {
    pub(crate) key: String,
    pub(crate) modified: Moment,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Object(Arc<Object>),
    DeleteMarker(DeleteMarker),
}

impl Content {
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Object(object) => &object.content.key,
            Self::DeleteMarker(marker) => &marker.key,
        }
    }

    pub(crate) fn modified(&self) -> Moment {
        match self {
            Self::Object(object) => object.content.modified,
            Self::DeleteMarker(marker) => marker.modified,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Its place among the versions of its key: clocks go backwards, this does not.
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

/// The versions of one key.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// From the oldest to the latest.
    versions: Vec<Version>,
}

impl History {
    pub(crate) fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The object that is served under the key, if the key is not deleted.
    pub(crate) fn current(&self) -> Option<&Arc<Object>> {
        self.latest().and_then(Version::object)
    }

    pub(crate) fn find(&self, id: VersionId) -> Option<&Version> {
        self.position(id).and_then(|index| self.versions.get(index))
    }

    pub(crate) fn latest_first(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().rev()
    }

    /// What is left of a listing that has come as far as `marker`. Numbers tell their place even when their version is
    /// gone. A null version that is gone has left none: then all is listed again, rather than some of it never.
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

    /// Puts a version in its place and gives back the one of that name that it takes.
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
    fn names_are_read_as_they_are_written() {
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
    fn only_one_version_is_null_and_it_moves_to_the_front() {
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
    fn a_listing_goes_on_after_versions_that_are_gone() {
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
}
