//! Downloads from a server or proxy that does not respond with the requested range.
//!
//! The client requests the range again, and fails after the last attempt. The next download keeps the ranges that were
//! fetched and requests only the others.

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

    /// Returns the response with a range of the object. The header field `replacement` replaces the one of the same name.
    fn range(&self, first: u64, last: u64, replacement: &str) -> Vec<u8> {
        let body = &self.bytes[first as usize..=last as usize];
        let range = format!("content-range: bytes {first}-{last}/{SIZE}");
        let (length, etag) = (format!("content-length: {}", body.len()), format!("etag: {}", self.etag));
        let name = |header: &str| header.split(':').next().map(str::to_owned);
        let headers = [range.as_str(), &length, &etag]
            .map(|header| if name(header) == name(replacement) { replacement } else { header });
        http_response("206 Partial Content", &headers, body)
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
    let whole_headers = [&format!("content-length: {SIZE}"), "content-type: text/plain"];
    let mut too_long = object.bytes[..PART as usize].to_vec();
    too_long.extend_from_slice(b"and more");
    let chunk_head = format!("{:x}\r\n", too_long.len()).into_bytes();
    let too_long = [chunk_head, too_long, b"\r\n0\r\n\r\n".to_vec()].concat();
    let chunked_headers = [&format!("content-range: bytes 0-{}/{SIZE}", PART - 1), "transfer-encoding: chunked"];
    vec![
        (http_response("200 OK", &whole_headers, &object.bytes), "and not 4194304"),
        (object.range(0, PART - 1, "content-range:"), "it has no Content-Range"),
        (
            object.range(0, PART - 1, "content-range: bytes 1-4194304/4194314"),
            "bytes 1-4194304/4194314 and not bytes 0-4194303/4194314",
        ),
        (object.range(0, PART - 1, "etag: \"another\""), "its ETag is \"another\""),
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
        assert!(error.to_string().contains("for key \"key\" is not the requested range"), "{error}");
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
