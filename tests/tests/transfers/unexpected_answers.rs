//! Downloads from a server, or through a proxy, that answers something else than what it was asked.
//!
//! Protects: an odd answer is asked for again as a broken line is, and never becomes a part of the file; a server that
//! answers nothing else is an error after some attempts, and what was fetched before is gone on with.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use md5::{Digest, Md5};
use qingstor_sdk::{Bucket, Config, Download, ErrorKind, MIB, QingStor, RetryConfig};
use qingstor_tests::{RawServer, content};

const PART: u64 = 4 * MIB;
const SIZE: u64 = PART + 10;
const BEFORE: &[u8] = b"what was there before";
const MAX_ATTEMPTS: usize = 4;

struct Object {
    bytes: Vec<u8>,
    etag: String,
    folder: tempfile::TempDir,
}

impl Object {
    fn new() -> Self {
        let bytes = content(SIZE, 1);
        let sum: String = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let this = Self { bytes, etag: format!("\"{sum}\""), folder: tempfile::tempdir().unwrap() };
        fs::write(this.target(), BEFORE).unwrap();
        this
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("db.tar")
    }

    fn partial(&self) -> PathBuf {
        self.folder.path().join("db.tar.qsdownload")
    }

    fn head(&self) -> Vec<u8> {
        self.answer("200 OK", &[&format!("content-length: {SIZE}"), &format!("etag: {}", self.etag)], &[])
    }

    fn answer(&self, status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status}\r\n{}\r\nconnection: close\r\n\r\n", headers.join("\r\n"));
        [head.as_bytes(), body].concat()
    }

    /// A range as it is answered, with another header in place of the one of its name.
    fn range(&self, first: u64, last: u64, other: &str) -> Vec<u8> {
        let body = &self.bytes[first as usize..=last as usize];
        let range = format!("content-range: bytes {first}-{last}/{SIZE}");
        let (length, etag) = (format!("content-length: {}", body.len()), format!("etag: {}", self.etag));
        let name = |header: &str| header.split(':').next().map(str::to_owned);
        let headers =
            [range.as_str(), &length, &etag].map(|header| if name(header) == name(other) { other } else { header });
        self.answer("206 Partial Content", &headers, body)
    }

    fn first(&self) -> Vec<u8> {
        self.range(0, PART - 1, "")
    }

    fn second(&self) -> Vec<u8> {
        self.range(PART, SIZE - 1, "")
    }

    fn download(&self, server: &RawServer) -> Download {
        bucket(server).download("key").to_file(self.target()).part_size(PART).concurrency(1)
    }
}

fn bucket(server: &RawServer) -> Bucket {
    let attempts = u32::try_from(MAX_ATTEMPTS).unwrap();
    let retry = RetryConfig::default().max_attempts(attempts).initial_backoff(Duration::from_millis(2));
    QingStor::new(Config::new("KEY", "secret").endpoint(server.endpoint()).retry(retry)).unwrap().bucket("bucket", None)
}

/// Answers to a request for the first part that are none, and what is wrong with each.
fn odd_answers(object: &Object) -> Vec<(Vec<u8>, &'static str)> {
    let whole = [&format!("content-length: {SIZE}"), "content-type: text/plain"];
    let mut too_many = object.bytes[..PART as usize].to_vec();
    too_many.extend_from_slice(b"and more");
    let chunked = format!("{:x}\r\n", too_many.len()).into_bytes();
    let too_many = [chunked, too_many, b"\r\n0\r\n\r\n".to_vec()].concat();
    let in_chunks = [&format!("content-range: bytes 0-{}/{SIZE}", PART - 1), "transfer-encoding: chunked"];
    vec![
        (object.answer("200 OK", &whole, &object.bytes), "and not 4194304"),
        (object.range(0, PART - 1, "content-range:"), "it has no Content-Range"),
        (
            object.range(0, PART - 1, "content-range: bytes 1-4194304/4194314"),
            "bytes 1-4194304/4194314 and not bytes 0-",
        ),
        (object.range(0, PART - 1, "etag: \"another\""), "its ETag is \"another\""),
        (object.range(0, 9, ""), "10 bytes and not 4194304"),
        (object.answer("206 Partial Content", &in_chunks, &too_many), "it has more bytes than the requested range"),
    ]
}

#[tokio::test]
async fn an_odd_answer_is_asked_for_again() {
    let object = Object::new();
    for (odd, what) in odd_answers(&object) {
        let server = RawServer::start([object.head(), odd, object.first(), object.second()]).await.unwrap();
        let downloaded = object.download(&server).send().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(downloaded.is_verified && downloaded.attempts == 3, "{what}: {downloaded:?}");
        assert!(fs::read(object.target()).unwrap() == object.bytes, "{what}");
        assert_eq!(fs::read_dir(object.folder.path()).unwrap().count(), 1, "{what}");
    }
}

#[tokio::test]
async fn unexpected_answers_keep_the_target_and_the_fetched_ranges() {
    for (odd, what) in odd_answers(&Object::new()) {
        let object = Object::new();
        // It is as odd an answer to the second part.
        let server = RawServer::start([object.head(), object.first(), odd]).await.unwrap();
        let error = object.download(&server).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{what}: {error}");
        assert!(error.to_string().contains("for key \"key\" is not the requested range"), "{error}");
        assert_eq!(server.requests().len(), 2 + MAX_ATTEMPTS, "{what}");
        assert_eq!(fs::read(object.target()).unwrap(), BEFORE, "{what}");
        assert!(object.partial().exists(), "{what}");
        let server = RawServer::start([object.head(), object.second()]).await.unwrap();
        let downloaded = object.download(&server).send().await.unwrap();
        assert!(downloaded.is_verified && downloaded.resumed_bytes == PART, "{what}: {downloaded:?}");
        assert!(fs::read(object.target()).unwrap() == object.bytes, "{what}");
    }
}

#[tokio::test]
async fn an_odd_answer_says_what_is_odd() {
    let object = Object::new();
    for (odd, what) in odd_answers(&object) {
        let server = RawServer::start([object.head(), odd]).await.unwrap();
        let error = object.download(&server).send().await.unwrap_err().to_string();
        assert!(error.contains(what), "{what}: {error}");
    }
}

#[tokio::test]
async fn an_object_that_became_another_takes_away_what_was_fetched_of_it() {
    let object = Object::new();
    let changed = object.answer("412 Precondition Failed", &["content-length: 0"], &[]);
    let server = RawServer::start([object.head(), object.first(), changed]).await.unwrap();
    let error = object.download(&server).send().await.unwrap_err();
    assert!(error.is_precondition_failed(), "{error}");
    assert_eq!(fs::read(object.target()).unwrap(), BEFORE);
    assert_eq!(fs::read_dir(object.folder.path()).unwrap().count(), 1);
}
