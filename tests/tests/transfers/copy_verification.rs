//! Verification of copies if responses of the server lack headers or are wrong.
//!
//! After a copy, the client compares the size of the new object with that of the source. If HEAD of the new object is
//! forbidden, the copy succeeds unverified. Each copy request has a condition on the ETag or the date of the source, so
//! that it fails if the source has changed.

use qingstor_emulator::{Emulator, FaultPlan, FaultRule};
use qingstor_sdk::{Config, Copied, ErrorKind, MIB, ObjectCopy, ObjectSource, QingStor, Result, RetryConfig};
use qingstor_tests::{RawServer, TestBucket};

use crate::support::{PART, error_response, http_response};

const DATE: &str = "Thu, 01 Dec 2022 16:00:00 GMT";
const ETAG: &str = "\"900150983cd24fb0d6963f7d28e17f72\"";

/// Returns a response to HEAD of an object.
fn head(headers: &[&str]) -> Vec<u8> {
    http_response("200 OK", &[headers, &["x-qs-request-id: id"]].concat(), b"")
}

/// Returns a response to a request that copies an object or a part.
fn created() -> Vec<u8> {
    http_response("201 Created", &[&format!("etag: {ETAG}"), "x-qs-version-id: V1", "content-length: 0"], b"")
}

fn forbidden() -> Vec<u8> {
    http_response("403 Forbidden", &["content-length: 0"], b"")
}

fn copy(server: &RawServer) -> ObjectCopy {
    let config = Config::new("KEY", "secret").endpoint(server.endpoint()).retry(RetryConfig::disabled());
    let bucket = QingStor::new(config).unwrap().bucket("bucket", None);
    bucket.copy(ObjectSource::new("other", "from"), "to").part_size(PART).concurrency(1)
}

/// Copies in one request. The server sends `source_responses` before the response to the copy request, and
/// `target_responses` after it.
async fn copy_in_one_request(
    source_responses: &[Vec<u8>],
    target_responses: &[Vec<u8>],
) -> (Result<Copied>, RawServer) {
    let responses = [source_responses, &[created()], target_responses].concat();
    let server = RawServer::start(responses).await.unwrap();
    (copy(&server).send().await, server)
}

#[tokio::test]
async fn copy_in_one_request_is_verified_with_head() {
    let source = [head(&["content-length: 3", &format!("etag: {ETAG}")])];
    let (outcome, server) = copy_in_one_request(&source, &[head(&["content-length: 3"])]).await;
    let requests = server.requests();
    let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["HEAD", "PUT", "HEAD"]);
    assert!(requests[2].target.ends_with("/to?version_id=V1"), "{:?}", requests[2]);
    let copied = outcome.unwrap();
    assert_eq!((copied.size, copied.etag.as_deref()), (3, Some(ETAG)));
    assert_eq!(copied.version_id.as_deref(), Some("V1"));

    let (outcome, _) = copy_in_one_request(&source, &[head(&["content-length: 2"])]).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(
        error
            .to_string()
            .contains("HeadObject of key \"to\" in bucket \"bucket\": 3 bytes were stored, but the object has 2"),
        "{error}"
    );

    let (outcome, _) = copy_in_one_request(&source, &[forbidden()]).await;
    assert_eq!(outcome.unwrap(), copied, "HEAD of the copy is forbidden");
}

#[tokio::test]
async fn size_missing_in_head_is_taken_from_content_range() {
    // The client requests a single byte, because the Content-Range of the response contains the size of the object.
    let first_byte = |range: &str, etag: &str| {
        let headers = ["content-length: 1", "x-qs-request-id: id", range, etag];
        http_response("206 Partial Content", &headers, b"a")
    };
    let without_size = || vec![head(&["x-other: header"]), first_byte("content-range: bytes 0-0/3", "x-no: etag")];
    for (source, target) in [
        (vec![head(&["content-length: 3"])], without_size()),
        (without_size(), vec![head(&["content-length: 3"])]),
        (without_size(), vec![forbidden()]),
    ] {
        let (outcome, _) = copy_in_one_request(&source, &target).await;
        assert_eq!(outcome.unwrap().size, 3);
    }
    for (range, etag, problem) in [
        ("content-range: bytes 0-1/3", "etag: \"a\"", "it does not contain the size of the object"),
        ("x-no: range", "etag: \"a\"", "it does not contain the size of the object"),
        ("content-range: bytes 0-0/3", "etag: \"b\"", "its ETag is \"b\" and not \"a\""),
        ("content-range: bytes 0-0/3", "x-no: etag", "it has no ETag instead of \"a\""),
    ] {
        let source = [head(&["etag: \"a\""]), first_byte(range, etag)];
        let error = copy_in_one_request(&source, &[]).await.0.unwrap_err();
        assert_eq!((error.operation(), error.request_id()), (Some("GetObject"), Some("id")), "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[tokio::test]
async fn each_copy_request_requires_the_etag_or_else_the_date_of_the_source() {
    let length = format!("content-length: {}", 9 * MIB);
    let headers = ["content-type: application/json", "content-length: 18"];
    let initiated = http_response("200 OK", &headers, br#"{"upload_id":"U1"}"#);
    let (date_header, etag_header) = ("x-qs-copy-source-if-unmodified-since", "x-qs-copy-source-if-match");
    for (etag, multipart_threshold, condition) in [
        ("", 0, (date_header, DATE)),
        ("", 5 << 30, (date_header, DATE)),
        // No object matches a weak ETag.
        ("W/\"a\"", 0, (date_header, DATE)),
        ("W/\"a\"", 5 << 30, (date_header, DATE)),
        (ETAG, 0, (etag_header, ETAG)),
        (ETAG, 5 << 30, (etag_header, ETAG)),
        (ETAG.trim_matches('"'), 0, (etag_header, ETAG)),
        (ETAG.trim_matches('"'), 5 << 30, (etag_header, ETAG)),
    ] {
        let etag = format!("etag: {etag}");
        let source = head(&[&length, &etag, &format!("last-modified: {DATE}")]);
        let responses = if multipart_threshold == 0 {
            // Three parts and the completion.
            vec![source.clone(), initiated.clone(), created(), created(), created(), created(), source]
        } else {
            vec![source.clone(), created(), source]
        };
        let server = RawServer::start(responses).await.unwrap();
        let copied = copy(&server).multipart_threshold(multipart_threshold).send().await.unwrap();
        assert_eq!(copied.size, 9 * MIB);
        let requests = server.requests();
        let copy_requests: Vec<_> =
            requests.iter().filter(|request| request.header("x-qs-copy-source").is_some()).collect();
        assert_eq!(copy_requests.len(), if multipart_threshold == 0 { 3 } else { 1 });
        for request in copy_requests {
            let conditions = request.headers.iter().filter(|(name, _)| name.starts_with("x-qs-copy-source-if-"));
            let conditions: Vec<_> = conditions.map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(conditions, [condition]);
        }
    }
}

#[tokio::test]
async fn copy_succeeds_although_head_of_the_copy_is_forbidden() {
    for multipart_threshold in [5 << 30, 0] {
        let forbidden = FaultRule::new(error_response(403, None)).operation("HeadObject").skip(1).count(1);
        let plan = FaultPlan::new().rule(forbidden);
        let test = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
        test.put("from", vec![7; 5 << 20]).await.unwrap();
        let copy = test.copy(ObjectSource::new(test.name(), "from"), "to").part_size(PART);
        let copied = copy.multipart_threshold(multipart_threshold).send().await.unwrap();
        assert_eq!((copied.size, test.emulator().faults_fired()), (5 * MIB, vec![1]));
        assert_eq!(test.read("to").await.unwrap().len(), 5 << 20);
    }
}

/// Returns the responses to all requests of a copy. `source` is the response to HEAD of a source of 5 MiB.
fn responses_to_copy(source: Vec<u8>, is_in_parts: bool) -> Vec<Vec<u8>> {
    let verified = head(&[&format!("content-length: {}", 5 * MIB)]);
    if !is_in_parts {
        return vec![source, created(), verified];
    }
    let headers = ["content-type: application/json", "content-length: 18"];
    let initiated = http_response("200 OK", &headers, br#"{"upload_id":"U1"}"#);
    // HEAD of the target, two parts and the completion.
    vec![source, initiated, created(), created(), created(), created(), verified]
}

/// The server has accepted these headers before, although the specification does not allow them.
#[tokio::test]
async fn copy_takes_over_headers_that_an_input_could_not_have() {
    let long = "x".repeat(3000);
    let source = head(&[
        &format!("content-length: {}", 5 * MIB),
        &format!("etag: {ETAG}"),
        "x-qs-storage-class: ARCHIVE",
        "content-disposition: attachment; filename=备份.tar",
        "x-qs-meta-a: 1",
        "x-qs-meta-a: 2",
        "x-qs-meta-name: ü",
        &format!("x-qs-meta-long: {long}"),
    ]);
    for is_in_parts in [false, true] {
        let server = RawServer::start(responses_to_copy(source.clone(), is_in_parts)).await.unwrap();
        copy(&server).multipart_threshold(if is_in_parts { 0 } else { 5 << 30 }).send().await.unwrap();
        let requests = server.requests();
        let request = requests.iter().find(|request| request.header("x-qs-storage-class").is_some()).unwrap();
        assert_eq!(request.header("x-qs-storage-class"), Some("ARCHIVE"));
        if is_in_parts {
            assert_eq!(request.method, "POST");
            assert_eq!(request.header("content-disposition"), Some("attachment; filename=备份.tar"));
            assert_eq!(request.header("x-qs-meta-a"), Some("1, 2"));
            assert_eq!(request.header("x-qs-meta-name"), Some("ü"));
            assert_eq!(request.header("x-qs-meta-long"), Some(long.as_str()));
        }
    }
}

#[tokio::test]
async fn copy_in_parts_refuses_a_header_of_its_source_that_is_not_utf_8() {
    let source = head(&[
        &format!("content-length: {}", 5 * MIB),
        &format!("etag: {ETAG}"),
        "content-disposition: attachment; filename=caf~",
    ]);
    let source: Vec<u8> = source.into_iter().map(|byte| if byte == b'~' { 0xe9 } else { byte }).collect();
    let server = RawServer::start([source.clone()]).await.unwrap();
    let error = copy(&server).multipart_threshold(0).send().await.unwrap_err();
    assert_eq!((error.kind(), error.key()), (ErrorKind::InvalidInput, Some("to")), "{error}");
    assert!(error.to_string().contains("content_disposition of the source cannot be sent as the header"), "{error}");
    assert_eq!(server.requests().len(), 1);

    let server = RawServer::start(responses_to_copy(source, false)).await.unwrap();
    copy(&server).send().await.unwrap();
}

#[tokio::test]
async fn unknown_storage_class_of_the_caller_is_refused() {
    let server = RawServer::start([forbidden()]).await.unwrap();
    for multipart_threshold in [5 << 30, 0] {
        let copy = copy(&server).multipart_threshold(multipart_threshold).storage_class("STANDRAD".into());
        let error = copy.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("storage_class is \"STANDRAD\", but must be one of STANDARD, STANDARD_IA"));
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn copy_in_parts_needs_a_strong_etag_or_a_date_of_its_source() {
    for etag in ["etag: W/\"a\"", "x-no: etag"] {
        let source = head(&[&format!("content-length: {}", 5 * MIB), etag]);
        let server = RawServer::start([source]).await.unwrap();
        let error = copy(&server).multipart_threshold(0).send().await.unwrap_err();
        assert_eq!((error.kind(), error.bucket()), (ErrorKind::UnexpectedResponse, Some("other")), "{error}");
        assert!(error.to_string().contains("neither a strong ETag nor a modification date"), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}
