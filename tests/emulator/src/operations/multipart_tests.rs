use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::metadata::Properties;
use crate::store::extent_without_file;

const MIB: u64 = 1024 * 1024;

fn upload(parts: &[(u32, u64)]) -> Upload {
    let part = |number: u32, size: u64| Part {
        number,
        etag: format!("{number:032x}"),
        created: Moment::from_seconds(0),
        extents: vec![extent_without_file(size)],
    };
    Upload {
        key: "k".into(),
        created: Moment::from_seconds(0),
        properties: Properties::default(),
        parts: parts.iter().map(|(number, size)| (*number, Arc::new(part(*number, *size)))).collect::<BTreeMap<_, _>>(),
    }
}

fn assemble(upload: &Upload, body: &str, etag: Option<&str>) -> Result<String, Code> {
    let completion: Completion = serde_json::from_slice::<serde_json::Value>(body.as_bytes())
        .map_err(Error::invalid_json)
        .and_then(|json| serde_json::from_value(json).map_err(|_| Error::invalid_argument("")))
        .map_err(|error| error.code)?;
    let assembly = Assembly {
        chosen: completion.object_parts,
        etag: etag.map(quoted),
        content_disposition: None,
        is_etag_of_content: false,
        now: Moment::from_seconds(0),
        min_part_size: MIN_PART_SIZE,
    };
    assembly.assemble(upload).map(|object| object.etag).map_err(|error| error.code)
}

fn numbers(numbers: &[u32]) -> String {
    let parts: Vec<_> =
        numbers.iter().map(|number| serde_json::json!({ "part_number": number, "size": 1, "created": "" })).collect();
    serde_json::json!({ "object_parts": parts }).to_string()
}

#[test]
fn accepts_gaps_and_omitted_parts() {
    let upload = upload(&[(0, 4 * MIB), (3, 4 * MIB), (9, 1)]);
    for chosen in [&[0, 3, 9][..], &[0, 9], &[9], &[3]] {
        assert!(assemble(&upload, &numbers(chosen), None).is_ok(), "{chosen:?}");
    }
}

#[test]
fn etag_comes_from_the_request_or_contains_the_number_of_parts() {
    let upload = upload(&[(0, 1)]);
    let own = assemble(&upload, &numbers(&[0]), None).unwrap();
    assert!(own.starts_with('"') && own.ends_with("-1\""), "{own}");
    for sent in ["\"abc\"", "abc"] {
        assert_eq!(assemble(&upload, &numbers(&[0]), Some(sent)).unwrap(), "\"abc\"");
    }
}

#[test]
fn rejects_invalid_completions() {
    let upload = upload(&[(0, 4 * MIB), (1, 4 * MIB - 1), (2, 5)]);
    let code = |body: &str| assemble(&upload, body, None).map(|_| ()).unwrap_err();
    assert_eq!(code("not json"), Code::InvalidJson);
    assert_eq!(code("{}"), Code::InvalidArgument);
    assert_eq!(code("[]"), Code::InvalidArgument);
    assert_eq!(code(r#"{"object_parts":[{"part_number":"0"}]}"#), Code::InvalidArgument);
    assert_eq!(code(&numbers(&[])), Code::InvalidArgument);
    assert_eq!(code(&numbers(&[0, 7])), Code::InvalidArgument);
    assert_eq!(code(&numbers(&[2, 0])), Code::InvalidArgument);
    assert_eq!(code(&numbers(&[0, 0])), Code::InvalidArgument);
    assert_eq!(code(&numbers(&[0, 1, 2])), Code::EntityTooSmall);
    let wrong = r#"{"object_parts":[{"part_number":0,"etag":"ff"}]}"#;
    assert_eq!(code(wrong), Code::InvalidArgument);
    let many: Vec<u32> = (0..=10_000).collect();
    assert_eq!(code(&numbers(&many)), Code::MaxPartsExceeded);
}

#[test]
fn accepts_part_etags_with_quotes() {
    let upload = upload(&[(1, 1)]);
    let body = format!(r#"{{"object_parts":[{{"part_number":1,"etag":"\"{:032x}\""}}]}}"#, 1);
    assert!(assemble(&upload, &body, None).is_ok());
}
