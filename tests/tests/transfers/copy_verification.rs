//! Verification of copies if responses of the server lack headers or are wrong.
//!
//! After a copy, the client compares the size of the new object with that of the source. If HEAD of the new object is
//! forbidden, the copy succeeds unverified. Each copy request has a condition on the ETag or the date of the source, so that
//! it fails if the source has changed.

use qingstor_emulator::{Emulator, FaultPlan, FaultRule};
use qingstor_sdk::{Config, Copied, ErrorKind, MIB, ObjectCopy, ObjectSource, QingStor, Result, RetryConfig};
use qingstor_tests::{RawServer, TestBucket};

use crate::support::{PART, error_response, http_response};

const DATE: &str = "Thu, 01 Dec 2022 16:00:00 GMT";
const ETAG: &str = "\"900150983cd24fb0d6963f7d28e17f72\"";

/// Returns a response to HEAD of an object.
fn head(headers: &[&str]) -> Vec<u8> {
    http_response("200 OK", headers, b"")
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
    assert!(error.to_string().contains("3 bytes were stored as \"to\", but the object has 2"), "{error}");

    let (outcome, _) = copy_in_one_request(&source, &[forbidden()]).await;
    assert_eq!(outcome.unwrap(), copied, "HEAD of the copy is forbidden");
}

#[tokio::test]
async fn size_missing_in_head_is_taken_from_content_range() {
    // The client requests a single byte, because the Content-Range of the response contains the size of the object.
    let first_byte = http_response("206 Partial Content", &["content-range: bytes 0-0/3", "content-length: 1"], b"a");
    let without_size = || vec![head(&["x-other: header"]), first_byte.clone()];
    for (source, target) in [
        (vec![head(&["content-length: 3"])], without_size()),
        (without_size(), vec![head(&["content-length: 3"])]),
        (without_size(), vec![forbidden()]),
    ] {
        let (outcome, _) = copy_in_one_request(&source, &target).await;
        assert_eq!(outcome.unwrap().size, 3);
    }
}

#[tokio::test]
async fn each_copy_request_requires_the_etag_or_else_the_date_of_the_source() {
    let length = format!("content-length: {}", 9 * MIB);
    let headers = ["content-type: application/json", "content-length: 18"];
    let initiated = http_response("200 OK", &headers, br#"{"upload_id":"U1"}"#);
    for (etag, multipart_threshold, condition) in [
        (None, 0, ("x-qs-copy-source-if-unmodified-since", DATE)),
        (None, 5 << 30, ("x-qs-copy-source-if-unmodified-since", DATE)),
        (Some(ETAG), 0, ("x-qs-copy-source-if-match", ETAG)),
        (Some(ETAG), 5 << 30, ("x-qs-copy-source-if-match", ETAG)),
    ] {
        let etag = etag.map_or("x-other: header".to_owned(), |etag| format!("etag: {etag}"));
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
