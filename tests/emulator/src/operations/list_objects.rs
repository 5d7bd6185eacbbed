//! The objects of a bucket, page by page.

use serde::Serialize;

use super::owner::{OWNER, Owner};
use super::paging::asked;
use super::{Call, ok};
use crate::error::Error;
use crate::response::Answer;
use crate::store::{Listed, Object, page};

const DEFAULT_LIMIT: u64 = 100;

#[derive(Serialize)]
struct Objects<'a> {
    name: &'a str,
    owner: &'static Owner,
    prefix: &'a str,
    delimiter: &'a str,
    limit: usize,
    marker: &'a str,
    next_marker: String,
    has_more: bool,
    keys: Vec<Key>,
    common_prefixes: Vec<String>,
}

#[derive(Serialize)]
struct Key {
    key: String,
    mime_type: String,
    etag: String,
    size: u64,
    modified: i64,
    encrypted: bool,
    created: String,
    storage_class: String,
}

pub(super) fn list_objects(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let ask = asked(&call.request.query, "marker", DEFAULT_LIMIT)?;
    call.store().with_objects(bucket, |objects| {
        let (lines, has_more) = page(objects, &ask);
        let next_marker = match lines.last() {
            Some(last) if has_more => last.name().to_owned(),
            _ => String::new(),
        };
        let mut keys = Vec::new();
        let mut common_prefixes = Vec::new();
        for line in lines {
            match line {
                Listed::Item(_, object) => keys.push(key(object)),
                Listed::Prefix(prefix) => common_prefixes.push(prefix),
            }
        }
        ok(&Objects {
            name: bucket,
            owner: &OWNER,
            prefix: ask.prefix,
            delimiter: ask.delimiter,
            limit: ask.limit,
            marker: ask.marker,
            next_marker,
            has_more,
            keys,
            common_prefixes,
        })
    })
}

fn key(object: &Object) -> Key {
    let content = &object.content;
    Key {
        key: content.key.clone(),
        mime_type: content.metadata.content_type.clone(),
        etag: content.etag.clone(),
        size: object.size,
        modified: content.modified.seconds(),
        encrypted: content.encryption.is_some(),
        created: content.modified.iso8601(),
        storage_class: content.storage_class.clone(),
    }
}
