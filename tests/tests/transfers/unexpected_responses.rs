//! Downloads from a server or proxy that does not respond with the requested range of the same object.
//!
//! The client requests the range again, and fails after the last attempt. The next download keeps the ranges that were
//! fetched and requests only the others. If it is already the response to HEAD that is wrong, nothing is fetched.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use md5::{Digest, Md5};
use qingstor_sdk::{Config, Download, ErrorKind, QingStor, RetryConfig};
use qingstor_tests::{RawServer, content};

use crate::support::{PART, file_names, http_response};

const SIZE: u64 = PART + 10;
/// Content of the target before the download.
const OLD_CONTENT: &[u8] = b"before";
const MAX_ATTEMPTS: u32 = 4;
const DATE: &str = "last-modified: Thu, 01 Dec 2022 16:00:00 GMT";
const OTHER_DATE: &str = "last-modified: Thu, 01 Dec 2022 16:00:01 GMT";

/// An object that is downloaded in two ranges, and the folder that it is downloaded to.
struct Object {
    bytes: Vec<u8>,
    etag: String,
    folder: tempfile::TempDir,
}

impl Object {
    fn new() -> Self {
        let bytes = content(SIZE, 1);
        let md5: String = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let object = Self { bytes, etag: format!("\"{md5}\""), folder: tempfile::tempdir().unwrap() };
        fs::write(object.target(), OLD_CONTENT).unwrap();
        object
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("db.tar")
    }

    fn partial(&self) -> PathBuf {
        self.folder.path().join("db.tar.qsdownload")
    }

    /// Returns the response to HEAD.
    fn head(&self) -> Vec<u8> {
        http_response("200 OK", &[&format!("content-length: {SIZE}"), &format!("etag: {}", self.etag)], &[])
    }

    /// Returns the response with a range of the object. The header field `replacement` replaces the one of the same
    /// name.
    fn range(&self, first: u64, last: u64, replacement: &str) -> Vec<u8> {
        let body = &self.bytes[first as usize..=last as usize];
        let range = format!("content-range: bytes {first}-{last}/{SIZE}");
        let (length, etag) = (format!("content-length: {}", body.len()), format!("etag: {}", self.etag));
        let name = |header: &str| header.split(':').next().map(str::to_owned);
        let headers = [range.as_str(), &length, &etag]
            .map(|header| if name(header) == name(replacement) { replacement } else { header });
        http_response("206 Partial Content", &headers, body)
    }

    /// Returns the response to HEAD with these headers in place of the ETag.
    fn head_with(&self, headers: &[&str]) -> Vec<u8> {
        http_response("200 OK", &[&[format!("content-length: {SIZE}").as_str()], headers].concat(), &[])
    }

    /// Returns the responses with the two ranges of the object, each with its headers in place of the ETag.
    fn ranges_with(&self, headers: [&[&str]; 2]) -> [Vec<u8>; 2] {
        let response = |first: u64, end: u64, headers: &[&str]| {
            let range = format!("content-range: bytes {first}-{}/{SIZE}", end - 1);
            let length = format!("content-length: {}", end - first);
            let headers = [&[range.as_str(), &length], headers].concat();
            http_response("206 Partial Content", &headers, &self.bytes[first as usize..end as usize])
        };
        [response(0, PART, headers[0]), response(PART, SIZE, headers[1])]
    }

    fn first_range(&self) -> Vec<u8> {
        self.range(0, PART - 1, "")
    }

    fn second_range(&self) -> Vec<u8> {
        self.range(PART, SIZE - 1, "")
    }

    fn download(&self, server: &RawServer) -> Download {
        let retry = RetryConfig::default().max_attempts(MAX_ATTEMPTS).initial_backoff(Duration::from_millis(2));
        let account = QingStor::new(Config::new("KEY", "secret").endpoint(server.endpoint()).retry(retry)).unwrap();
        account.bucket("bucket", None).download("key").to_file(self.target()).part_size(PART).concurrency(1)
    }
}

/// Returns wrong responses to a request for the first range, each with a part of the error message that it causes.
fn wrong_responses(object: &Object) -> Vec<(Vec<u8>, &'static str)> {
    let length = format!("content-length: {SIZE}");
    let whole_headers = [length.as_str(), "content-type: text/plain"];
    let mut too_long = object.bytes[..PART as usize].to_vec();
    too_long.extend_from_slice(b"and more");
    let chunk_head = format!("{:x}\r\n", too_long.len()).into_bytes();
    let too_long = [chunk_head, too_long, b"\r\n0\r\n\r\n".to_vec()].concat();
    let etag = format!("etag: {}", object.etag);
    let chunked_headers = [&format!("content-range: bytes 0-{}/{SIZE}", PART - 1), "transfer-encoding: chunked", &etag];
    let byte_ranges = ["content-type: multipart/byteranges; boundary=x", "content-length: 4194304", &etag];
    vec![
        (http_response("200 OK", &whole_headers, &object.bytes), "neither a request id nor an ETag"),
        (http_response("200 OK", &[&whole_headers[..], &[&etag]].concat(), &object.bytes), "and not 4194304"),
        (http_response("203 Non-Authoritative Information", &[&etag, "content-length: 2"], b"Hi"), "unknown type: Hi"),
        (http_response("206 Partial Content", &byte_ranges, &object.bytes[..PART as usize]), "it has no Content-Range"),
        (object.range(0, PART - 1, "content-range:"), "it has no Content-Range"),
        (
            object.range(0, PART - 1, "content-range: bytes 1-4194304/4194314"),
            "bytes 1-4194304/4194314 and not bytes 0-4194303/4194314",
        ),
        (object.range(0, PART - 1, "etag: \"another\""), "its ETag is \"another\""),
        (object.range(0, PART - 1, "etag:"), "it has no ETag instead of"),
        (object.range(0, 9, ""), "10 bytes and not 4194304"),
        (
            http_response("206 Partial Content", &chunked_headers, &too_long),
            "it has more bytes than the requested range",
        ),
    ]
}

#[tokio::test]
async fn range_with_a_wrong_response_is_requested_again() {
    let object = Object::new();
    for (wrong, problem) in wrong_responses(&object) {
        let server =
            RawServer::start([object.head(), wrong, object.first_range(), object.second_range()]).await.unwrap();
        let downloaded = object.download(&server).send().await.unwrap_or_else(|error| panic!("{problem}: {error}"));
        assert!(downloaded.is_verified && downloaded.attempts == 3, "{problem}: {downloaded:?}");
        assert!(fs::read(object.target()).unwrap() == object.bytes, "{problem}");
        assert_eq!(file_names(object.folder.path()), ["db.tar"], "{problem}");
    }
}

#[tokio::test]
async fn repeated_wrong_response_fails_and_the_next_download_resumes() {
    for (wrong, problem) in wrong_responses(&Object::new()) {
        let object = Object::new();
        // A wrong response to a request for the first range is wrong for the second range as well.
        let server = RawServer::start([object.head(), object.first_range(), wrong]).await.unwrap();
        let error = object.download(&server).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{problem}: {error}");
        assert_eq!(error.attempts(), MAX_ATTEMPTS, "{problem}: {error}");
        assert!(error.to_string().contains("GetObject of key \"key\" in bucket \"bucket\": the response"), "{error}");
        assert_eq!(server.requests().len(), 2 + MAX_ATTEMPTS as usize, "{problem}");
        assert_eq!(fs::read(object.target()).unwrap(), OLD_CONTENT, "{problem}");
        assert!(object.partial().exists(), "{problem}");
        let server = RawServer::start([object.head(), object.second_range()]).await.unwrap();
        let downloaded = object.download(&server).send().await.unwrap();
        assert!(downloaded.is_verified && downloaded.resumed_bytes == PART, "{problem}: {downloaded:?}");
        assert!(fs::read(object.target()).unwrap() == object.bytes, "{problem}");
    }
}

#[tokio::test]
async fn error_of_a_wrong_response_names_the_problem() {
    let object = Object::new();
    for (wrong, problem) in wrong_responses(&object) {
        let server = RawServer::start([object.head(), wrong]).await.unwrap();
        let error = object.download(&server).send().await.unwrap_err().to_string();
        assert!(error.contains(problem), "{problem}: {error}");
    }
}

#[tokio::test]
async fn object_replaced_during_the_download_fails_and_discards_the_fetched_ranges() {
    let object = Object::new();
    let changed = http_response("412 Precondition Failed", &["content-length: 0"], &[]);
    let server = RawServer::start([object.head(), object.first_range(), changed]).await.unwrap();
    let error = object.download(&server).send().await.unwrap_err();
    assert!(error.is_precondition_failed(), "{error}");
    assert_eq!(fs::read(object.target()).unwrap(), OLD_CONTENT);
    assert_eq!(file_names(object.folder.path()), ["db.tar"]);
}

#[tokio::test]
async fn download_with_a_wrong_response_to_head_keeps_the_target() {
    let object = Object::new();
    let etag = format!("etag: {}", object.etag);
    let page = |status: &str, headers: &[&str]| {
        http_response(status, &[&["content-type: text/html", "content-length: 2"], headers].concat(), b"Hi")
    };
    for (response, problem) in [
        (page("200 OK", &[]), "neither a request id nor an ETag nor a modification date"),
        (page("200 OK", &["x-qs-request-id: id"]), "neither a strong ETag nor a modification date"),
        (page("200 OK", &["etag: W/\"a\""]), "neither a strong ETag nor a modification date"),
        (page("202 Accepted", &[&etag]), "a status that this operation does not have"),
        (page("203 Non-Authoritative Information", &[&etag]), "a status that this operation does not have"),
        (page("299 Other", &[&etag]), "a status that this operation does not have"),
    ] {
        let server = RawServer::start([response]).await.unwrap();
        let error = object.download(&server).send().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::UnexpectedResponse, Some("HeadObject")), "{error}");
        assert!(error.to_string().contains(problem), "{error}");
        assert_eq!(server.requests().len(), 1, "{problem}");
        assert_eq!(fs::read(object.target()).unwrap(), OLD_CONTENT, "{problem}");
        assert_eq!(file_names(object.folder.path()), ["db.tar"], "{problem}");
    }
}

/// `If-Match` with a weak ETag is never met, so the date is the condition.
#[tokio::test]
async fn object_with_a_weak_etag_is_pinned_by_its_date() {
    let object = Object::new();
    let weak = format!("etag: W/{}", object.etag);
    for headers in [[weak.as_str(), DATE], [DATE, "x-no: etag"]] {
        let [first, second] = object.ranges_with([&headers; 2]);
        let server = RawServer::start([object.head_with(&headers), first, second]).await.unwrap();
        let downloaded = object.download(&server).send().await.unwrap();
        assert!(!downloaded.is_verified, "{downloaded:?}");
        assert!(fs::read(object.target()).unwrap() == object.bytes);
        for request in &server.requests()[1..] {
            assert_eq!(request.header("if-match"), None);
            assert_eq!(request.header("if-unmodified-since"), DATE.strip_prefix("last-modified: "));
        }
    }
}

#[tokio::test]
async fn etag_with_and_without_quotes_is_the_same() {
    let object = Object::new();
    let (quoted, bare) = (format!("etag: {}", object.etag), format!("etag: {}", object.etag.trim_matches('"')));
    let weak = format!("etag: W/{}", object.etag);
    for (head, first, second) in [(&bare, &quoted, &bare), (&quoted, &bare, &quoted), (&quoted, &weak, &bare)] {
        let ranges = object.ranges_with([&[first], &[second]]);
        let server = RawServer::start([&[object.head_with(&[head])], &ranges[..]].concat()).await.unwrap();
        let downloaded = object.download(&server).send().await.unwrap();
        assert!(downloaded.is_verified && downloaded.attempts == 2, "{downloaded:?}");
        assert_eq!(server.requests()[2].header("if-match"), Some(object.etag.as_str()));
    }
}

#[tokio::test]
async fn ranges_of_different_objects_fail_the_download() {
    let (a, b, weak) = ("etag: \"a\"", "etag: \"b\"", "etag: W/\"a\"");
    for (head, first, second, problem) in [
        (&[a][..], &[a][..], &[b][..], "its ETag is \"b\" and not \"a\""),
        (&[a], &[a], &[], "it has no ETag instead of \"a\""),
        (&[weak, DATE], &[weak, DATE], &[weak, OTHER_DATE], "modification date is 2022-12-01T16:00:01Z and not"),
        (&[weak, DATE], &[weak, DATE], &["etag: W/\"b\"", DATE], "its ETag is W/\"b\" and not W/\"a\""),
        (&[DATE], &[DATE], &[OTHER_DATE], "modification date is 2022-12-01T16:00:01Z and not"),
        (&[DATE], &[DATE], &[a], "modification date is missing and not"),
        // HEAD has no ETag, but the ranges have.
        (&[DATE], &[a, DATE], &[b, DATE], "its ETag is \"b\" and not \"a\""),
        (&[DATE], &[a, DATE], &[DATE], "it has no ETag instead of \"a\""),
    ] {
        let object = Object::new();
        let id = "x-qs-request-id: id";
        let ranges = object.ranges_with([first, &[second, &[id]].concat()]);
        let server = RawServer::start([&[object.head_with(head)], &ranges[..]].concat()).await.unwrap();
        let error = object.download(&server).send().await.unwrap_err();
        assert_eq!((error.kind(), error.request_id()), (ErrorKind::UnexpectedResponse, Some("id")), "{error}");
        assert!(error.to_string().contains(problem), "{problem}: {error}");
        assert_eq!(fs::read(object.target()).unwrap(), OLD_CONTENT, "{problem}");
    }
}

#[tokio::test]
async fn md5_error_of_a_download_names_the_call_the_request_and_the_attempts() {
    let object = Object { etag: "\"00000000000000000000000000000000\"".to_owned(), ..Object::new() };
    let etag = format!("etag: {}", object.etag);
    let ranges = object.ranges_with([&[&etag], &[&etag, "x-qs-request-id: id"]]);
    let server = RawServer::start([&[object.head()], &ranges[..]].concat()).await.unwrap();
    let error = object.download(&server).send().await.unwrap_err();
    assert_eq!((error.bucket(), error.key()), (Some("bucket"), Some("key")), "{error}");
    assert_eq!(
        (error.operation(), error.request_id(), error.attempts()),
        (Some("GetObject"), Some("id"), 2),
        "{error}"
    );
    assert!(error.to_string().contains("the MD5 of the received bytes is"), "{error}");
}
