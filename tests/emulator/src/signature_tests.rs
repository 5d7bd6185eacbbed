use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

const SECRET: &str = "emulator/Test+Secret==";
const DATE: &str = "Tue, 02 Jan 2024 03:04:05 GMT";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

#[test]
fn string_to_sign_of_an_object_is_the_same_in_both_styles() {
    let headers = headers(&[("Date", DATE), ("Content-Type", "text/plain")]);
    let path = string_to_sign("PUT", "/bucket/a%20b", None, &headers, None);
    let host = string_to_sign("PUT", "/a%20b", Some("bucket"), &headers, None);
    assert_eq!(path, format!("PUT\n\ntext/plain\n{DATE}\n/bucket/a%20b"));
    assert_eq!(path, host);
}

#[test]
fn string_to_sign_of_a_bucket_differs_between_the_styles() {
    let headers = headers(&[("Date", DATE)]);
    let path = string_to_sign("GET", "/bucket?acl", None, &headers, None);
    assert_eq!(path, format!("GET\n\n\n{DATE}\n/bucket?acl"));
    let host = string_to_sign("GET", "/?acl", Some("bucket"), &headers, None);
    assert_eq!(host, format!("GET\n\n\n{DATE}\n/bucket/?acl"));
    assert_eq!(string_to_sign("GET", "?acl", Some("bucket"), &headers, None), host);
}

#[test]
fn signs_resource_parameters_sorted_and_decoded() {
    let headers = headers(&[("Date", DATE)]);
    let target = "/b/k?upload_id=x&limit=3&part_number=0&uploads=&response-expires=a%20b+c&prefix=p";
    let text = string_to_sign("GET", target, None, &headers, None);
    assert_eq!(text, format!("GET\n\n\n{DATE}\n/b/k?part_number=0&response-expires=a b c&upload_id=x&uploads"));
}

#[test]
fn signs_x_qs_headers_lower_case_trimmed_and_sorted() {
    let headers = headers(&[
        ("X-QS-Meta-b", " two "),
        ("X-QS-Meta-A", "one"),
        ("x-qs-date", DATE),
        ("date", "ignored"),
        ("range", "bytes=0-1"),
        ("content-md5", "md5"),
    ]);
    assert_eq!(
        string_to_sign("GET", "/b/k", None, &headers, None),
        format!("GET\nmd5\n\n\nx-qs-date:{DATE}\nx-qs-meta-a:one\nx-qs-meta-b:two\n/b/k")
    );
}

#[test]
fn presigned_request_signs_its_expiry_instead_of_a_date() {
    let text = string_to_sign("GET", "/b/k?expires=5&access_key_id=a&signature=s", None, &HeaderMap::new(), Some(5));
    assert_eq!(text, "GET\n\n\n5\n/b/k");
}

// The signatures were computed with OpenSSL.
#[test]
fn signature_is_hmac_sha256_in_base64() {
    let signature = sign(SECRET, "GET\n\n\n5\n/b/k");
    assert_eq!(signature, "jS4DxfIFWF7j1tsMFjnWOQSdsT5z9BIINuH+PUhS0Ow=");
    assert!(verify(SECRET, "GET\n\n\n5\n/b/k", &signature));
    assert!(!verify("other", "GET\n\n\n5\n/b/k", &signature));
    assert!(!verify(SECRET, "GET\n\n\n5\n/b/k", ""));
    assert!(!verify(SECRET, "GET\n\n\n5\n/b/k", "no base64!"));
}

#[test]
fn accepts_buckets_with_and_without_slash_and_both_encodings_of_values() {
    let headers = HeaderMap::new();
    let query = Query::parse("response-expires=a%2Fb");
    let signable = Signable {
        method: "GET",
        path: "/",
        query: &query,
        host_bucket: Some("b"),
        headers: &headers,
        expires: Some("5"),
    };
    let resources: Vec<String> =
        signable.acceptable(true).iter().filter_map(|text| text.rsplit('\n').next().map(str::to_owned)).collect();
    assert_eq!(
        resources,
        [
            "/b/?response-expires=a/b",
            "/b?response-expires=a/b",
            "/b/?response-expires=a%2Fb",
            "/b?response-expires=a%2Fb"
        ]
    );
    assert_eq!(signable.acceptable(false).len(), 2);
}

/// Checks every vector of the file that `QINGSTOR_SIGNATURE_VECTORS` names. Without the variable it checks nothing.
#[test]
fn agrees_with_vectors_of_official_clients() {
    let Some(file) = std::env::var_os("QINGSTOR_SIGNATURE_VECTORS") else {
        println!("skipped: QINGSTOR_SIGNATURE_VECTORS names no file");
        return;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let vectors: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(!vectors.is_empty());
    for vector in &vectors {
        let id = vector["id"].as_str().unwrap();
        let url = vector["url"].as_str().unwrap();
        let after_scheme = url.split_once("://").unwrap().1;
        let target = after_scheme.find('/').map_or("/", |slash| &after_scheme[slash..]);
        let pairs: Vec<(&str, &str)> = vector["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let bucket = (vector["style"] == "vhost").then(|| vector["bucket"].as_str()).flatten();
        let text = string_to_sign(
            vector["method"].as_str().unwrap(),
            target,
            bucket,
            &headers(&pairs),
            vector["expires"].as_u64(),
        );
        assert_eq!(text, vector["string_to_sign"].as_str().unwrap(), "{id}");
        let secret = vector["secret_access_key"].as_str().unwrap();
        assert_eq!(sign(secret, &text), vector["signature"], "{id}");
    }
    println!("{} vectors agree", vectors.len());
}
