//! The unfinished uploads of a bucket, page by page.

use serde::Serialize;

use super::paging::asked;
use super::{Call, ok};
use crate::clock::Moment;
use crate::error::Error;
use crate::response::Answer;
use crate::store::{Page, common_prefix};

const DEFAULT_LIMIT: u64 = 200;

#[derive(Serialize)]
struct Uploads<'a> {
    name: &'a str,
    prefix: &'a str,
    delimiter: &'a str,
    limit: usize,
    // The specification calls it `marker`, the documentation's example `key_marker`.
    marker: &'a str,
    key_marker: &'a str,
    upload_id_marker: &'a str,
    next_key_marker: String,
    next_upload_id_marker: String,
    has_more: bool,
    uploads: Vec<Upload>,
    common_prefixes: Vec<String>,
}

#[derive(Serialize, Debug, PartialEq)]
struct Upload {
    key: String,
    upload_id: String,
    created: String,
}

/// Key, id and age of an upload; sorted by the first two.
type Known = (String, String, Moment);

#[derive(Debug, Default)]
struct Lines {
    uploads: Vec<Upload>,
    common_prefixes: Vec<String>,
    next: Option<(String, String)>,
}

pub(super) fn list_uploads(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let query = &call.request.query;
    let ask = asked(query, "key_marker", DEFAULT_LIMIT)?;
    let id_marker = query.text("upload_id_marker").unwrap_or_default();
    let lines = lines(call.store().uploads(bucket)?, &ask, id_marker);
    let has_more = lines.next.is_some();
    let (next_key_marker, next_upload_id_marker) = lines.next.unwrap_or_default();
    Ok(ok(&Uploads {
        name: bucket,
        prefix: ask.prefix,
        delimiter: ask.delimiter,
        limit: ask.limit,
        marker: ask.marker,
        key_marker: ask.marker,
        upload_id_marker: id_marker,
        next_key_marker,
        next_upload_id_marker,
        has_more,
        uploads: lines.uploads,
        common_prefixes: lines.common_prefixes,
    }))
}

fn lines(known: Vec<Known>, ask: &Page<'_>, id_marker: &str) -> Lines {
    let mut lines = Lines::default();
    let mut last: Option<(String, String)> = None;
    for (key, id, created) in known {
        let prefix = common_prefix(&key, ask).map(str::to_owned);
        let rolled_up = prefix.is_some() && prefix.as_ref() == lines.common_prefixes.last();
        if !key.starts_with(ask.prefix) || done(&key, &id, ask, id_marker) || rolled_up {
            continue;
        }
        if lines.uploads.len() + lines.common_prefixes.len() >= ask.limit {
            lines.next = last;
            return lines;
        }
        match prefix {
            Some(prefix) => {
                last = Some((prefix.clone(), String::new()));
                lines.common_prefixes.push(prefix);
            }
            None => {
                last = Some((key.clone(), id.clone()));
                lines.uploads.push(Upload { key, upload_id: id, created: created.iso8601() });
            }
        }
    }
    lines
}

/// Whether an earlier page had it. Ids sort by age, so the upload that the marker names need not be there any more.
fn done(key: &str, id: &str, ask: &Page<'_>, id_marker: &str) -> bool {
    if ask.marker.is_empty() {
        return false;
    }
    let under_marker = common_prefix(ask.marker, ask) == Some(ask.marker) && key.starts_with(ask.marker);
    let passed = match key.cmp(ask.marker) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => id_marker.is_empty() || id <= id_marker,
        std::cmp::Ordering::Greater => false,
    };
    under_marker || passed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(pairs: &[(&str, &str)]) -> Vec<Known> {
        pairs.iter().map(|(key, id)| ((*key).into(), (*id).into(), Moment::from_seconds(0))).collect()
    }

    #[test]
    fn every_page_size_sees_everything_once() {
        let all = known(&[("a", "1"), ("a", "2"), ("a", "3"), ("d/x", "4"), ("d/y", "5"), ("z", "6")]);
        for limit in 1..8 {
            let (mut key, mut id) = (String::new(), String::new());
            let mut seen = Vec::new();
            loop {
                let ask = Page { delimiter: "/", marker: &key, limit, ..Page::default() };
                let page = lines(all.clone(), &ask, &id);
                seen.extend(page.uploads.into_iter().map(|upload| upload.upload_id));
                seen.extend(page.common_prefixes);
                let Some(next) = page.next else { break };
                (key, id) = next;
            }
            seen.sort();
            assert_eq!(seen, ["1", "2", "3", "6", "d/"], "limit {limit}");
        }
    }

    #[test]
    fn a_key_marker_alone_passes_over_all_uploads_of_the_key() {
        let ask = Page { marker: "a", limit: 9, ..Page::default() };
        let page = lines(known(&[("a", "1"), ("a", "2"), ("b", "3")]), &ask, "");
        assert_eq!(page.uploads.len(), 1);
        assert_eq!(page.next, None);
    }
}
