//! The versions of a bucket's objects, page by page: by key, and those of a key from the latest on.

use std::collections::BTreeMap;

use serde::Serialize;

use super::owner::{OWNER, Owner};
use super::paging::asked;
use super::put_object::unquoted;
use super::{Call, ok};
use crate::error::Error;
use crate::response::Answer;
use crate::store::{Content, History, Listed, Page, Version, VersionId, common_prefix, page};

const DEFAULT_LIMIT: u64 = 100;

#[derive(Serialize)]
struct Versions<'a> {
    name: &'a str,
    owner: &'static Owner,
    prefix: &'a str,
    delimiter: &'a str,
    limit: usize,
    key_marker: &'a str,
    next_key_marker: String,
    version_id_marker: &'a str,
    next_version_id_marker: String,
    has_more: bool,
    keys: Vec<Key>,
    common_prefixes: Vec<String>,
}

#[derive(Serialize)]
struct Key {
    key: String,
    version_id: String,
    is_latest: bool,
    delete_marker: bool,
    mime_type: String,
    /// Without quotes, unlike in the list of objects.
    etag: String,
    size: u64,
    modified: String,
    encrypted: bool,
    created: String,
    storage_class: String,
}

#[derive(Default)]
struct Lines {
    keys: Vec<Key>,
    common_prefixes: Vec<String>,
    /// What the next page continues after: a key and a version's name, or a common prefix and nothing.
    last: (String, String),
    has_more: bool,
}

pub(super) fn list_versions(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let query = &call.request.query;
    let ask = asked(query, "key_marker", DEFAULT_LIMIT)?;
    let version_id_marker = query.text("version_id_marker");
    let marker = version_id_marker.map(|text| version_marker(text, &ask)).transpose()?;
    let lines = call.store().with_histories(bucket, |histories| lines(histories, &ask, marker))?;
    let (next_key_marker, next_version_id_marker) = if lines.has_more { lines.last } else { Default::default() };
    Ok(ok(&Versions {
        name: bucket,
        owner: &OWNER,
        prefix: ask.prefix,
        delimiter: ask.delimiter,
        limit: ask.limit,
        key_marker: ask.marker,
        next_key_marker,
        version_id_marker: version_id_marker.unwrap_or_default(),
        next_version_id_marker,
        has_more: lines.has_more,
        keys: lines.keys,
        common_prefixes: lines.common_prefixes,
    }))
}

fn version_marker(text: &str, ask: &Page<'_>) -> Result<VersionId, Error> {
    if ask.marker.is_empty() {
        return Err(Error::invalid_argument("version_id_marker needs the key_marker it belongs to"));
    }
    let message = || Error::invalid_argument(format!("version_id_marker \"{text}\" is not the name of a version"));
    VersionId::parse(text).ok_or_else(message)
}

fn lines(histories: &BTreeMap<String, History>, ask: &Page<'_>, marker: Option<VersionId>) -> Lines {
    let mut lines = Lines::default();
    // The rest of the key that the last page ended in. Rolled up there is none: the prefix stands for all of it.
    let begun = histories
        .get(ask.marker)
        .filter(|_| ask.marker.starts_with(ask.prefix) && common_prefix(ask.marker, ask).is_none());
    if let (Some(history), Some(marker)) = (begun, marker) {
        for version in history.latest_first_after(marker) {
            if !lines.add(version, history, ask) {
                return lines;
            }
        }
    }
    // Every line stands for a version at least, so this is enough of them.
    let (rest, more) = page(histories, ask);
    for line in rest {
        match line {
            Listed::Prefix(prefix) => {
                if !lines.add_prefix(prefix, ask) {
                    return lines;
                }
            }
            Listed::Item(_, history) => {
                for version in history.latest_first() {
                    if !lines.add(version, history, ask) {
                        return lines;
                    }
                }
            }
        }
    }
    lines.has_more = more;
    lines
}

impl Lines {
    /// Adds a version, unless the page is full.
    fn add(&mut self, version: &Version, history: &History, ask: &Page<'_>) -> bool {
        if !self.has_room(ask) {
            return false;
        }
        let version_id = version.id().to_string();
        let is_latest = history.latest().is_some_and(|latest| latest.id() == version.id());
        let key = key(version, version_id.clone(), is_latest);
        self.last = (key.key.clone(), version_id);
        self.keys.push(key);
        true
    }

    fn add_prefix(&mut self, prefix: String, ask: &Page<'_>) -> bool {
        if !self.has_room(ask) {
            return false;
        }
        self.last = (prefix.clone(), String::new());
        self.common_prefixes.push(prefix);
        true
    }

    /// For another line, which is left over where there is none; of a page of no lines nothing is.
    fn has_room(&mut self, ask: &Page<'_>) -> bool {
        let has_room = self.keys.len() + self.common_prefixes.len() < ask.limit;
        self.has_more = !has_room && ask.limit > 0;
        has_room
    }
}

fn key(version: &Version, version_id: String, is_latest: bool) -> Key {
    let modified = version.content.modified().iso8601();
    let key = Key {
        key: version.content.key().to_owned(),
        version_id,
        is_latest,
        delete_marker: true,
        mime_type: String::new(),
        etag: String::new(),
        size: 0,
        created: modified.clone(),
        modified,
        encrypted: false,
        storage_class: "STANDARD".to_owned(),
    };
    match &version.content {
        Content::DeleteMarker(_) => key,
        Content::Object(object) => Key {
            delete_marker: false,
            mime_type: object.content.metadata.content_type.clone(),
            etag: unquoted(&object.content.etag).to_owned(),
            size: object.size,
            encrypted: object.content.encryption.is_some(),
            storage_class: object.content.storage_class.clone(),
            ..key
        },
    }
}
