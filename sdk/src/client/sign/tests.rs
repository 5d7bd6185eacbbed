use std::env;
use std::fs;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;

use super::*;

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect()
}

const DATE: (&str, &str) = ("Date", "Tue, 03 Mar 2026 04:05:06 GMT");

/// Checks a string to sign and its signature. The expected signatures in this file were computed with Python's `hmac`.
fn check(string_to_sign: &StringToSign, text: &str, expected_signature: &str) {
    assert_eq!(*string_to_sign, text);
    let secret = Secret::from("secret/for+tests==");
    assert_eq!(signature(&secret, string_to_sign), expected_signature);
}

#[test]
fn get_without_optional_headers() {
    let resource = canonical_resource(None, "/photos/cat.png", None);
    check(
        &string_to_sign(&Method::GET, &headers(&[DATE]), resource),
        "GET\n\n\nTue, 03 Mar 2026 04:05:06 GMT\n/photos/cat.png",
        "QXEwUxlZc534QN80++KeHSiMQfA7zWruafPCh/dnW8E=",
    );
}

#[test]
fn signed_headers_are_lower_case_trimmed_and_sorted() {
    let headers = headers(&[
        ("X-QS-Meta-zebra", "last"),
        ("X-QS-Storage-Class", " STANDARD\t"),
        ("X-QS-Meta-Apple", "first  one"),
        ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
        ("Content-Type", "text/plain; charset=UTF-8"),
        ("Content-Length", "0"),
        ("If-Match", "\"x\""),
        ("x-qsx", "not ours"),
        DATE,
    ]);
    check(
        &string_to_sign(&Method::PUT, &headers, "/photos/cat.png"),
        "PUT\n1B2M2Y8AsgTpgAmY7PhCfg==\ntext/plain; charset=UTF-8\nTue, 03 Mar 2026 04:05:06 GMT\n\
         x-qs-meta-apple:first  one\nx-qs-meta-zebra:last\nx-qs-storage-class:STANDARD\n/photos/cat.png",
        "iEgyz581OMUZIOY/axv03y6MqRfW1LLftPOnFl4uYe8=",
    );
}

#[test]
fn x_qs_date_replaces_the_date() {
    let headers = headers(&[DATE, ("X-QS-Date", "Tue, 03 Mar 2026 04:05:07 GMT")]);
    check(
        &string_to_sign(&Method::DELETE, &headers, "/photos/cat.png"),
        "DELETE\n\n\n\nx-qs-date:Tue, 03 Mar 2026 04:05:07 GMT\n/photos/cat.png",
        "ezx6mI2mekSZHJkAUHl+01TZcwT6NE5nSJVM6lIi7gw=",
    );
}

#[test]
fn query_signature_covers_the_expiry_instead_of_the_date() {
    let headers = headers(&[DATE, ("X-QS-Meta-a", "b")]);
    let resource =
        canonical_resource(None, "/photos/%E7%8C%AB.png", Some("response-content-type=image%2Fpng&access_key_id=ID"));
    check(
        &string_to_sign_query(&Method::GET, &headers, 1_900_000_000, resource),
        "GET\n\n\n1900000000\nx-qs-meta-a:b\n/photos/%E7%8C%AB.png?response-content-type=image/png",
        "CZpp1KCSjqn0IyHp0O/ERGJ77W9GuLlhQTc/5OaR6MM=",
    );
}

#[test]
fn non_ascii_header_values_are_signed_unchanged() {
    let mut headers = headers(&[DATE]);
    headers.insert("x-qs-meta-utf8", HeaderValue::from_bytes("猫".as_bytes()).unwrap());
    headers.insert("x-qs-meta-latin1", HeaderValue::from_bytes(b"caf\xE9").unwrap());
    let string_to_sign = string_to_sign(&Method::PUT, &headers, "/photos/cat.png");
    assert_eq!(
        string_to_sign.as_bytes(),
        b"PUT\n\n\nTue, 03 Mar 2026 04:05:06 GMT\nx-qs-meta-latin1:caf\xE9\n\
          x-qs-meta-utf8:\xE7\x8C\xAB\n/photos/cat.png"
    );
    let secret = Secret::from("secret/for+tests==");
    assert_eq!(signature(&secret, &string_to_sign), "iWE+1wJ+NoCqqFwSYGB3oszo6zkcxENj7IC4i0/ppbk=");
    assert!(format!("{string_to_sign:?}").contains("caf\u{FFFD}"));
}

#[test]
fn debug_output_redacts_encryption_keys() {
    let headers = headers(&[
        ("X-QS-Encryption-Customer-Key", "c2VjcmV0"),
        ("X-QS-Copy-Source-Encryption-Customer-Key", "c2VjcmV0"),
        ("X-QS-Encryption-Customer-Key-MD5", "bWQ1"),
    ]);
    let string_to_sign = string_to_sign(&Method::GET, &headers, "/b/k");
    assert_eq!(
        format!("{string_to_sign:?}"),
        "\"GET\\n\\n\\n\\nx-qs-copy-source-encryption-customer-key:<redacted>\\n\
         x-qs-encryption-customer-key:<redacted>\\nx-qs-encryption-customer-key-md5:bWQ1\\n/b/k\""
    );
    let signed = String::from_utf8_lossy(string_to_sign.as_bytes());
    assert_eq!(signed.matches("c2VjcmV0").count(), 2);
}

#[test]
fn signature_accepts_keys_of_any_length() {
    let sign = |length: usize| signature(&Secret::from("k".repeat(length)), "message");
    assert_eq!(sign(0), "6wjB9W1d3uB/e9+ARoCD2ga2TPT6xk/jqQiD31/qyuQ=");
    assert_eq!(sign(63), "4n76MLy/vCW02Tb/2FUzkvOY6y7a2h2sJCOpYa8MMFs=");
    assert_eq!(sign(64), "iQ86FuDKCqo78YD3D6jjlws/1lBemP3hV5iNzBnRaFw=");
    assert_eq!(sign(65), "DCVlBTBq9IAVUwwTm7et1a16apKRzVESeKBn52WBb70=");
    assert_eq!(sign(200), "O634K59Sc7w2nWoC5ySHx0oxv/RFAA/sQP4M7mXAi/I=");
}

#[test]
fn canonical_resource_of_both_addressing_styles() {
    let resource = |bucket, path, query| String::from_utf8(canonical_resource(bucket, path, query)).expect("UTF-8");
    assert_eq!(resource(None, "/", None), "/");
    assert_eq!(resource(None, "", Some("limit=10")), "/");
    assert_eq!(resource(None, "/photos", None), "/photos");
    assert_eq!(resource(Some("photos"), "/", None), "/photos/");
    assert_eq!(resource(Some("photos"), "", Some("acl")), "/photos/?acl");
    assert_eq!(resource(None, "/photos/a/b", None), "/photos/a/b");
    assert_eq!(resource(Some("photos"), "/a/b", None), "/photos/a/b");
    // The path is neither decoded nor normalized.
    assert_eq!(resource(None, "/photos//%2e/%2F=+", None), "/photos//%2e/%2F=+");
}

#[test]
fn only_sub_resources_are_signed_and_sorted() {
    let query = |query| {
        String::from_utf8(canonical_resource(None, "/b/k", Some(query))).expect("UTF-8").replacen("/b/k", "", 1)
    };
    assert_eq!(query(""), "");
    assert_eq!(query("upload_id=u&limit=5&part_number=0"), "?part_number=0&upload_id=u");
    assert_eq!(query("uploads"), "?uploads");
    assert_eq!(query("uploads="), "?uploads");
    assert_eq!(query("&&uploads&"), "?uploads");
    assert_eq!(query("Uploads&upload"), "");
    assert_eq!(query("prefix=acl&delimiter=%2F&marker=x&offset=1&lang=en-us"), "");
    assert_eq!(query("access_key_id=a&expires=1&signature=s"), "");
    // Keys are compared in decoded form, as by the server.
    assert_eq!(query("%61cl"), "?acl");
}

#[test]
fn query_values_are_signed_decoded_once() {
    let query = |query| canonical_resource(None, "/", Some(query));
    assert_eq!(
        query("response-content-disposition=attachment%3B%20filename%3D%22a%2525.txt%22"),
        b"/?response-content-disposition=attachment; filename=\"a%25.txt\""
    );
    assert_eq!(query("response-content-type=a+b%2Bc"), b"/?response-content-type=a b+c");
    assert_eq!(query("image=a=b"), b"/?image=a=b");
    assert_eq!(query("image=%FF"), b"/?image=\xFF");
}

#[test]
fn list_of_sub_resources_is_sorted() {
    assert!(SUB_RESOURCES.is_sorted());
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    access_key_id: String,
    secret_access_key: String,
    method: String,
    url: String,
    headers: std::collections::BTreeMap<String, String>,
    style: String,
    bucket: Option<String>,
    expires: Option<i64>,
    string_to_sign: String,
    signature: String,
}

/// Reads the JSON file at the path in `QINGSTOR_SIGNATURE_VECTORS`: a list of requests, each with the string to sign
/// and the signature that another implementation computed.
#[test]
fn signatures_equal_those_of_other_implementations() {
    let Some(path) = env::var_os("QINGSTOR_SIGNATURE_VECTORS") else {
        eprintln!("skipped: QINGSTOR_SIGNATURE_VECTORS is unset");
        return;
    };
    let vectors: Vec<Vector> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert!(!vectors.is_empty());
    for vector in &vectors {
        let (_, after_scheme) = vector.url.split_once("://").expect("an absolute URL");
        let path_start = after_scheme.find(['/', '?']).unwrap_or(after_scheme.len());
        let target = &after_scheme[path_start..];
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let bucket = vector.bucket.as_deref().filter(|_| vector.style == "vhost");
        let resource = canonical_resource(bucket, path, query);
        let list: Vec<(&str, &str)> =
            vector.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let method = vector.method.parse().unwrap();
        let text = match vector.expires {
            Some(expires) => string_to_sign_query(&method, &headers(&list), expires, resource),
            None => string_to_sign(&method, &headers(&list), resource),
        };
        assert_eq!(text, vector.string_to_sign.as_str(), "{}", vector.id);
        let credentials = Credentials::new(&vector.access_key_id, &vector.secret_access_key);
        let signature = signature(credentials.secret_access_key(), &text);
        assert_eq!(signature, vector.signature, "{}", vector.id);
        assert_eq!(
            authorization(&credentials, &signature),
            format!("QS {}:{}", vector.access_key_id, vector.signature)
        );
    }
}
