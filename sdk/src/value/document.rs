//! Decodes JSON documents from servers, even if they contain values that cannot be used.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use super::{escape, snippet};

/// The field of the object that replaces a text that is not UTF-8.
const NOT_UTF8: &str = "not UTF-8";

/// Treatment of values that cannot be used, because they have the wrong type or format, or are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tolerance {
    /// Every such value is an error.
    Strict,
    /// Optional values are decoded as missing. A required value is an error.
    Optional,
    /// Like `Optional`, but an entry of a list is left out if a required text in it is not UTF-8.
    Entries,
}

/// The values of a document that could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// Descriptions of optional values, which were decoded as missing.
    pub(crate) values: Vec<String>,
    /// Names of those among `values` that are fields of the document itself, not of an entry of a list.
    pub(crate) fields: Vec<String>,
    /// Entries that were left out.
    pub(crate) entries: Vec<UnreadableEntry>,
}

/// An entry that was left out of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnreadableEntry {
    /// Field of the document that contains the list.
    pub(crate) list: String,
    /// True if no entry of the list that can be used follows.
    pub(crate) is_last: bool,
    pub(crate) problem: String,
}

/// A value that could not be decoded.
struct Problem {
    text: String,
    is_not_utf8: bool,
}

/// Decodes a document, and returns it with the values that could not be used.
///
/// # Errors
///
/// A description of the first value that cannot be used, with its path and with the beginning of the list's entry or of
/// the document that contains it. Text of the document is escaped.
pub(crate) fn decode<T: DeserializeOwned>(text: &[u8], tolerance: Tolerance) -> Result<(T, Unusable), String> {
    let mut unusable = Unusable::default();
    let first_error = match serde_json::from_slice(text) {
        Ok(decoded) => return Ok((decoded, unusable)),
        Err(error) => error,
    };
    let quote = |error: &dyn fmt::Display| format!("{}: {}", escape(error.to_string()), snippet(text));
    let replaced = replace_unreadable_texts(text);
    let mut document: Value = serde_json::from_slice(&replaced).map_err(|error| quote(&error))?;
    // The entries of lists are decoded one by one, in a document that contains only one of them. If the whole document
    // were decoded again for each value that cannot be used, a long list of such values would take too much time.
    let lists = match &mut document {
        Value::Object(fields) if tolerance != Tolerance::Strict => take_lists(fields),
        _ => Vec::new(),
    };
    decode_usable::<T>(&mut document, tolerance, None, &mut unusable).map_err(|problem| quote(&problem.text))?;
    let mut usable_lists = Vec::new();
    for (name, entries) in lists {
        let mut usable = Vec::with_capacity(entries.len());
        // Number of entries that were left out after the last usable one.
        let mut trailing = 0;
        for (index, entry) in entries.into_iter().enumerate() {
            // The field is missing if it should not be a list and is optional.
            let Some(list) = document.get_mut(&name) else { break };
            *list = Value::Array(vec![entry]);
            let outcome = decode_usable::<T>(&mut document, tolerance, Some((&name, index)), &mut unusable);
            let entry = document.get_mut(&name).and_then(Value::as_array_mut).and_then(Vec::pop);
            match outcome {
                Ok(_) => {
                    usable.extend(entry);
                    trailing = 0;
                }
                Err(problem) if problem.is_not_utf8 && tolerance == Tolerance::Entries => {
                    unusable.entries.push(UnreadableEntry {
                        list: name.clone(),
                        is_last: false,
                        problem: problem.text,
                    });
                    trailing += 1;
                }
                Err(problem) => {
                    let entry = entry.unwrap_or_default().to_string();
                    return Err(format!("{}: {}", problem.text, snippet(entry.as_bytes())));
                }
            }
        }
        unusable.entries.iter_mut().rev().take(trailing).for_each(|entry| entry.is_last = true);
        usable_lists.push((name, usable));
    }
    for (name, usable) in usable_lists {
        if let Some(list) = document.get_mut(&name) {
            *list = Value::Array(usable);
        }
    }
    let decoded =
        decode_usable(&mut document, tolerance, None, &mut unusable).map_err(|problem| quote(&problem.text))?;
    // The document has a key twice, and `Value` has kept only one of the values.
    if tolerance == Tolerance::Strict && replaced == text {
        return Err(quote(&first_error));
    }
    Ok((decoded, unusable))
}

/// Replaces the lists of a document by empty ones, and returns them with their names.
fn take_lists(fields: &mut Map<String, Value>) -> Vec<(String, Vec<Value>)> {
    let lists =
        fields.iter_mut().filter_map(|(name, value)| Some((name.clone(), std::mem::take(value.as_array_mut()?))));
    lists.collect()
}

/// Decodes a document after removing optional values that cannot be used. `entry` is the list of which the document
/// contains only one entry, and the index of this entry.
fn decode_usable<T: DeserializeOwned>(
    document: &mut Value,
    tolerance: Tolerance,
    entry: Option<(&str, usize)>,
    unusable: &mut Unusable,
) -> Result<T, Problem> {
    let values_before = unusable.values.len();
    // The objects and fields from which values were removed.
    let mut removed: Vec<(String, String, Problem)> = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize(&*document) {
            Ok(decoded) => return Ok(decoded),
            Err(error) => error,
        };
        let segments: Vec<&Segment> = error.path().iter().collect();
        let at = pointer(&segments);
        let message = error.inner().to_string();
        // serde reports a missing field at the object that should have it. A removed value that is missing was not
        // optional.
        let is_missing = |object: &str, field: &str| object == at && message == format!("missing field `{field}`");
        if let Some(index) = removed.iter().position(|(object, field, _)| is_missing(object, field)) {
            unusable.values.truncate(values_before);
            return Err(removed.swap_remove(index).2);
        }
        let path = match entry {
            Some((list, index)) => {
                error.path().to_string().replacen(&format!("{list}[0]"), &format!("{list}[{index}]"), 1)
            }
            None => error.path().to_string(),
        };
        let not_utf8 = document.pointer(&at).and_then(|value| value.get(NOT_UTF8)?.as_str());
        let problem = Problem {
            // The server may have sent the object that replaces a text, so `text` need not be escaped yet.
            text: escape(match not_utf8 {
                Some(text) => format!("{path} is not UTF-8: \"{text}\""),
                None => format!("{path}: {message}"),
            }),
            is_not_utf8: not_utf8.is_some(),
        };
        let Some((Segment::Map { key }, object)) = segments.split_last() else { return Err(problem) };
        // A lost list would look like an empty one, and a program that mirrors a bucket would delete everything.
        let is_list = message.ends_with("expected a sequence");
        if tolerance == Tolerance::Strict || is_list {
            return Err(problem);
        }
        let object = pointer(object);
        if document.pointer_mut(&object).and_then(|object| object.as_object_mut()?.remove(key)).is_none() {
            return Err(problem);
        }
        if object.is_empty() {
            unusable.fields.push(key.clone());
        }
        unusable.values.push(problem.text.clone());
        removed.push((object, key.clone(), problem));
    }
}

/// Returns the JSON pointer (RFC 6901) to a value.
fn pointer(path: &[&Segment]) -> String {
    let escape = |segment: &&Segment| segment_name(segment).replace('~', "~0").replace('/', "~1");
    path.iter().map(|segment| format!("/{}", escape(segment))).collect()
}

fn segment_name(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } | Segment::Enum { variant: key } => key.clone(),
        Segment::Unknown => String::new(),
    }
}

/// Replaces each text that cannot be read by an object with the escaped text. Texts cannot be read if they are not
/// UTF-8, contain half of a surrogate pair (`\ud800`), or are not valid JSON.
fn replace_unreadable_texts(document: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(document.len());
    let mut rest = document;
    while let Some(start) = rest.iter().position(|&byte| byte == b'"') {
        let (before, text) = rest.split_at(start);
        replaced.extend_from_slice(before);
        let (text, after) = text.split_at(text_length(text));
        rest = after;
        match serde_json::from_slice::<String>(text) {
            Ok(_) => replaced.extend_from_slice(text),
            Err(_) => {
                let content = escape(text.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\"")).unwrap_or(text));
                replaced.extend_from_slice(serde_json::json!({ NOT_UTF8: content }).to_string().as_bytes());
            }
        }
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Returns the length of the text at the start of `json`, including its quotation marks.
fn text_length(json: &[u8]) -> usize {
    let mut is_escaped = true;
    let end = json.iter().position(|&byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(json.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn texts_with_escaped_quotes_and_backslashes_are_kept() {
        let document = br#"{"a\"b": "c\\", "\\": "\"", "d": "\ud800", "e": "\\ud800"}"#;
        let (decoded, unusable) = decode::<BTreeMap<String, String>>(document, Tolerance::Optional).unwrap();
        let expected = [("a\"b", "c\\"), ("\\", "\""), ("e", "\\ud800")];
        assert_eq!(decoded, expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
        assert_eq!(unusable.values, [r#"d is not UTF-8: "\ud800""#]);
    }

    #[test]
    fn entry_with_an_unreadable_name_and_another_unusable_value_is_left_out() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Entry {
            key: String,
            size: Option<u64>,
        }
        let document = b"{\"keys\": [{\"key\": \"\xb2\", \"size\": \"?\"}, {\"key\": \"a\", \"size\": 1}]}";
        let (lists, unusable) = decode::<BTreeMap<String, Vec<Entry>>>(document, Tolerance::Entries).unwrap();
        assert_eq!(lists["keys"], [Entry { key: "a".to_owned(), size: Some(1) }]);
        let problem = r#"keys[0].key is not UTF-8: "\xb2""#.to_owned();
        let left_out = UnreadableEntry { list: "keys".to_owned(), is_last: false, problem };
        assert_eq!(unusable, Unusable { entries: vec![left_out], ..Unusable::default() });
    }

    #[test]
    fn strict_document_has_no_key_twice() {
        #[derive(Debug, serde::Deserialize)]
        struct Setting {
            #[allow(dead_code, reason = "only decoded")]
            prefix: Option<String>,
        }
        let document = br#"{"prefix": "a", "prefix": "b"}"#;
        let error = decode::<Setting>(document, Tolerance::Strict).unwrap_err();
        assert!(error.contains("duplicate field `prefix`"), "{error}");
    }

    #[test]
    fn replaced_texts_that_the_server_sent_are_escaped() {
        let document = br#"{"a": {"not UTF-8": "\u001b"}}"#;
        let (_, unusable) = decode::<BTreeMap<String, String>>(document, Tolerance::Optional).unwrap();
        assert_eq!(unusable.values, [r#"a is not UTF-8: "\u{1b}""#]);
    }

    #[test]
    fn damaged_documents_are_errors() {
        for document in [&b"{\"a"[..], b"{\"a\\", b"{\"\xb2\": \"a\"}", b"\xb2", b"", b"{\"a\": \"b\"} c"] {
            decode::<BTreeMap<String, String>>(document, Tolerance::Entries).unwrap_err();
        }
    }
}
