//! Handlers that list objects, versions and unfinished uploads.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Value, json};

use super::{Call, ok};
use crate::body::RequestBody;
use crate::clock::Moment;
use crate::error::Error;
use crate::headers::unquoted;
use crate::limits::MAX_PAGE;
use crate::response::Response;
use crate::store::{Content, Entry, Object, Page, Version, VersionId, page};
use crate::variant::Variant;

/// Number of objects or versions in a page if the request has no `limit`.
const DEFAULT_LIMIT: u64 = 100;
/// Number of uploads in a page if the request has no `limit`.
const DEFAULT_UPLOAD_LIMIT: u64 = 200;

/// Returns the owner of all buckets.
pub(super) fn owner() -> Value {
    json!({ "id": "usr-emulator", "name": "emulator" })
}

/// Returns the page that a request asks for. `marker` is the name of the query parameter with the marker.
fn requested_page<'a>(call: Call<'a>, marker: &str, default_limit: u64) -> Result<Page<'a>, Error> {
    let query = &call.request.query;
    Ok(Page {
        prefix: query.text("prefix").unwrap_or_default(),
        delimiter: query.text("delimiter").unwrap_or_default(),
        marker: query.text(marker).unwrap_or_default(),
        limit: query.integer("limit")?.unwrap_or(default_limit).min(MAX_PAGE) as usize,
    })
}

/// Returns the fields that all three lists have.
fn page_response(call: Call<'_>, requested: &Page<'_>, has_more: bool, common_prefixes: Vec<String>) -> Value {
    json!({
        "name": call.bucket(),
        "prefix": requested.prefix,
        "delimiter": requested.delimiter,
        "limit": requested.limit,
        "has_more": has_more,
        "common_prefixes": common_prefixes,
    })
}

pub(crate) async fn list_objects(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let mut requested = requested_page(call, "marker", DEFAULT_LIMIT)?;
    if call.has(Variant::ListLimit100) {
        requested.limit = requested.limit.min(DEFAULT_LIMIT as usize);
    }
    call.store().with_histories(call.bucket(), |histories| {
        let (entries, has_more) = page(histories, &requested, |history, is_marker| {
            history.current().filter(|_| !is_marker).into_iter().collect()
        });
        let next_marker = entries.last().filter(|_| has_more).map(|last| last.name().to_owned());
        let (keys, common_prefixes) = split(entries, |_, object| describe_object(object));
        let mut response = page_response(call, &requested, has_more, common_prefixes);
        response["owner"] = owner();
        response["marker"] = requested.marker.into();
        response["next_marker"] = next_marker.unwrap_or_default().into();
        response["keys"] = keys.into();
        ok(&response)
    })
}

/// Splits entries into described items and common prefixes.
fn split<T>(entries: Vec<Entry<'_, T>>, describe: impl Fn(&str, T) -> Value) -> (Vec<Value>, Vec<String>) {
    let (mut items, mut prefixes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Item(key, item) => items.push(describe(key, item)),
            Entry::Prefix(prefix) => prefixes.push(prefix),
        }
    }
    (items, prefixes)
}

fn describe_object(object: &Object) -> Value {
    json!({
        "key": object.key,
        "mime_type": object.properties.metadata.content_type,
        "etag": object.etag,
        "size": object.size(),
        "modified": object.modified.seconds(),
        "encrypted": object.properties.encryption.is_some(),
        "created": object.modified.iso8601(),
        "storage_class": object.properties.storage_class,
    })
}

/// Lists versions in the order of their keys, and the versions of a key from the latest to the oldest.
pub(crate) async fn list_versions(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let requested = requested_page(call, "key_marker", DEFAULT_LIMIT)?;
    let version_id_marker = call.request.query.text("version_id_marker");
    let marker = version_id_marker.map(|text| parse_version_marker(text, &requested)).transpose()?;
    call.store().with_histories(call.bucket(), |histories| {
        let (entries, has_more) = page(histories, &requested, |history, is_marker| {
            let latest = history.latest().map(Version::id);
            let versions: Vec<&Version> = match (is_marker, marker) {
                (false, _) => history.latest_first().collect(),
                (true, Some(marker)) => history.latest_first_after(marker).collect(),
                (true, None) => Vec::new(),
            };
            versions.into_iter().map(|version| (version, latest == Some(version.id()))).collect()
        });
        let next = next_markers(&entries, has_more, |(version, _)| version.id().to_string());
        let (keys, common_prefixes) = split(entries, |_, (version, is_latest)| describe_version(version, is_latest));
        let mut response = page_response(call, &requested, has_more, common_prefixes);
        response["owner"] = owner();
        response["key_marker"] = requested.marker.into();
        response["next_key_marker"] = next.0.into();
        response["version_id_marker"] = version_id_marker.unwrap_or_default().into();
        response["next_version_id_marker"] = next.1.into();
        response["keys"] = keys.into();
        ok(&response)
    })
}

fn parse_version_marker(text: &str, requested: &Page<'_>) -> Result<VersionId, Error> {
    if requested.marker.is_empty() {
        return Err(Error::invalid_argument("version_id_marker requires key_marker"));
    }
    let message = || Error::invalid_argument(format!("version_id_marker \"{text}\" is not a version id"));
    VersionId::parse(text).ok_or_else(message)
}

/// Returns the markers of the next page: key and id of the last entry, or its common prefix and an empty id. Both are
/// empty if there is no next page.
fn next_markers<T>(entries: &[Entry<'_, T>], has_more: bool, id: impl Fn(&T) -> String) -> (String, String) {
    match entries.last().filter(|_| has_more) {
        Some(Entry::Item(key, item)) => ((*key).to_owned(), id(item)),
        Some(Entry::Prefix(prefix)) => (prefix.clone(), String::new()),
        None => Default::default(),
    }
}

fn describe_version(version: &Version, is_latest: bool) -> Value {
    let modified = version.content.modified().iso8601();
    let mut description = match &version.content {
        Content::Object(object) => describe_object(object),
        Content::DeleteMarker(marker) => json!({
            "key": marker.key,
            "mime_type": "",
            "etag": "",
            "size": 0,
            "encrypted": false,
            "created": modified,
            "storage_class": "STANDARD",
        }),
    };
    description["version_id"] = version.id().to_string().into();
    description["is_latest"] = is_latest.into();
    description["delete_marker"] = version.object().is_none().into();
    // Unlike in a list of objects, `modified` is a text, and the ETag has no quotes.
    description["modified"] = modified.into();
    description["etag"] = version.object().map_or("", |object| unquoted(&object.etag)).into();
    description
}

/// The creation times of uploads by key and id.
type Uploads = BTreeMap<String, BTreeMap<String, Moment>>;

pub(crate) async fn list_uploads(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let requested = requested_page(call, "key_marker", DEFAULT_UPLOAD_LIMIT)?;
    let id_marker = call.request.query.text("upload_id_marker").unwrap_or_default();
    let known = call.store().uploads(call.bucket())?;
    let (entries, has_more) = page_of_uploads(&known, &requested, id_marker);
    let next = next_markers(&entries, has_more, |(id, _)| (*id).to_owned());
    let (uploads, common_prefixes) =
        split(entries, |key, (id, created)| json!({ "key": key, "upload_id": id, "created": created.iso8601() }));
    let mut response = page_response(call, &requested, has_more, common_prefixes);
    // The official specification has `marker`, the example in the documentation `key_marker`.
    response["marker"] = requested.marker.into();
    response["key_marker"] = requested.marker.into();
    response["next_key_marker"] = next.0.into();
    response["upload_id_marker"] = id_marker.into();
    response["next_upload_id_marker"] = next.1.into();
    response["uploads"] = uploads.into();
    Ok(ok(&response))
}

/// Returns a page of uploads. Ids sort by age, so the upload of the marker need not exist. A key marker without an id
/// marker skips all uploads of the key.
fn page_of_uploads<'a>(
    known: &'a Uploads,
    requested: &Page<'_>,
    id_marker: &str,
) -> (Vec<Entry<'a, (&'a str, Moment)>>, bool) {
    page(known, requested, |ids, is_marker| {
        let after = match (is_marker, id_marker) {
            (false, _) => Bound::Unbounded,
            (true, "") => return Vec::new(),
            (true, marker) => Bound::Excluded(marker),
        };
        ids.range::<str, _>((after, Bound::Unbounded)).map(|(id, created)| (id.as_str(), *created)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(pairs: &[(&str, &str)]) -> Uploads {
        let mut uploads = Uploads::new();
        for (key, id) in pairs {
            uploads.entry((*key).into()).or_default().insert((*id).into(), Moment::from_seconds(0));
        }
        uploads
    }

    #[test]
    fn pages_of_any_size_contain_every_upload_once() {
        let all = known(&[("a", "1"), ("a", "2"), ("a", "3"), ("d/x", "4"), ("d/y", "5"), ("z", "6")]);
        for limit in 1..8 {
            let (mut key, mut id) = (String::new(), String::new());
            let mut seen = Vec::new();
            loop {
                let requested = Page { delimiter: "/", marker: &key, limit, ..Page::default() };
                let (entries, has_more) = page_of_uploads(&all, &requested, &id);
                assert!(entries.len() <= limit);
                let next = next_markers(&entries, has_more, |(id, _)| (*id).to_owned());
                seen.extend(entries.iter().map(|entry| match entry {
                    Entry::Item(_, (id, _)) => (*id).to_owned(),
                    Entry::Prefix(prefix) => prefix.clone(),
                }));
                if !has_more {
                    break;
                }
                (key, id) = next;
            }
            seen.sort();
            assert_eq!(seen, ["1", "2", "3", "6", "d/"], "limit {limit}");
        }
    }

    #[test]
    fn key_marker_without_id_marker_skips_all_uploads_of_the_key() {
        let requested = Page { marker: "a", limit: 9, ..Page::default() };
        let all = known(&[("a", "1"), ("a", "2"), ("b", "3")]);
        let (entries, has_more) = page_of_uploads(&all, &requested, "");
        assert_eq!((entries.len(), has_more), (1, false));
    }
}
