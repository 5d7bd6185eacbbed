//! Bodies of `get_object` whose connection breaks.
//!
//! The tests check that the body continues with a request for the rest of the same object, that it never contains bytes
//! of another response, and that it otherwise ends with an error that says how many bytes were received.

use std::time::Duration;

use qingstor_sdk::operations::GetObjectInput;
use qingstor_sdk::{ByteRange, Config, Error, ErrorKind, QingStor, ResponseBody, RetryConfig, Timestamp};
use qingstor_tests::{RawResponse, RawServer};
use tokio::io::AsyncBufReadExt;

use crate::{bucket, quick_retries};

const CONTENT: &str = "0123456789";

/// Returns a response for the whole object that ends after `sent`.
fn whole(sent: &str) -> RawResponse {
    format!("HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 10\r\n\r\n{sent}").into()
}

/// Returns a response for the bytes from `first` to the last one that ends after `sent`.
fn rest(first: usize, sent: &str) -> RawResponse {
    let length = CONTENT.len() - first;
    let range = format!("content-length: {length}\r\ncontent-range: bytes {first}-9/10");
    format!("HTTP/1.1 206 Partial Content\r\netag: \"a\"\r\n{range}\r\n\r\n{sent}").into()
}

/// Reads a body to its end or to its error.
async fn read(mut body: ResponseBody) -> (String, Option<Error>) {
    let mut received = Vec::new();
    let error = loop {
        match body.next().await {
            Ok(Some(chunk)) => received.extend_from_slice(&chunk),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(body.next().await.unwrap().is_none(), "the body continues after its end");
    (String::from_utf8(received).unwrap(), error)
}

/// Gets an object from a server with these responses. Returns the bytes that were received, the error, and the values of
/// `Range` in all requests.
async fn get(
    responses: impl IntoIterator<Item = RawResponse>,
    input: GetObjectInput,
    retry: RetryConfig,
) -> (String, Option<Error>, Vec<Option<String>>) {
    let server = RawServer::start(responses).await.unwrap();
    let config = Config::new("KEY", "secret").endpoint(server.endpoint()).retry(retry);
    let config = config.idle_timeout(Duration::from_millis(300));
    let object = QingStor::new(config).unwrap().bucket("bucket", None).get_object("key", input).await.unwrap();
    let (received, error) = read(object.body).await;
    let ranges = server.requests().iter().map(|request| request.header("range").map(str::to_owned)).collect();
    (received, error, ranges)
}

async fn get_whole(responses: impl IntoIterator<Item = RawResponse>) -> (String, Option<Error>, usize) {
    let (received, error, ranges) = get(responses, GetObjectInput::new(), quick_retries()).await;
    (received, error, ranges.len())
}

fn ranges<const N: usize>(texts: [&str; N]) -> Vec<Option<String>> {
    texts.into_iter().map(|text| (!text.is_empty()).then(|| text.to_owned())).collect()
}

#[tokio::test]
async fn body_continues_after_each_break_and_counts_attempts_anew() {
    let responses = [whole(""), rest(0, "012"), rest(3, "34"), rest(5, "5"), rest(6, "6789")];
    let (received, error, sent) = get(responses, GetObjectInput::new(), quick_retries().max_attempts(2)).await;
    assert_eq!((received.as_str(), error.map(|error| error.to_string())), (CONTENT, None));
    assert_eq!(sent, ranges(["", "bytes=0-9", "bytes=3-9", "bytes=5-9", "bytes=6-9"]));
}

#[tokio::test]
async fn complete_body_ends_without_another_request() {
    let chunked = "transfer-encoding: chunked\r\ncontent-range: bytes 4-9/10\r\n\r\n6\r\n456789\r\n";
    let chunked = format!("HTTP/1.1 206 Partial Content\r\netag: \"a\"\r\n{chunked}");
    for (responses, expected) in [
        (vec![whole(CONTENT)], 1),
        (vec![whole(CONTENT).then_stall()], 1),
        (vec![whole("0123"), rest(4, "456789")], 2),
        (vec![whole("0123"), rest(4, "456789").then_stall()], 2),
        // The connection breaks or stalls after the last byte and before the end of the chunked body.
        (vec![whole("0123"), chunked.as_str().into()], 2),
        (vec![whole("0123"), RawResponse::from(chunked).then_stall()], 2),
    ] {
        let (received, error, requests) = get_whole(responses).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!((received.as_str(), requests), (CONTENT, expected));
    }
}

#[tokio::test]
async fn body_continues_after_a_stall_and_after_an_error_status() {
    let unavailable = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    for second in [whole("0123").then_stall(), whole("0123")] {
        let responses = [second, unavailable.into(), RawResponse::connection_reset(), rest(4, "456789")];
        let (received, error, sent) = get(responses, GetObjectInput::new(), quick_retries().max_attempts(4)).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!((received.as_str(), sent), (CONTENT, ranges(["", "bytes=4-9", "bytes=4-9", "bytes=4-9"])));
    }
}

#[tokio::test]
async fn range_continues_with_absolute_positions() {
    for (range, first) in [(ByteRange::last(6), 4), ((4..).into(), 4), ((4..=20).into(), 4), (ByteRange::last(99), 0)] {
        let responses = [rest(first, &CONTENT[first..first + 2]), rest(first + 2, &CONTENT[first + 2..])];
        let (received, error, sent) = get(responses, GetObjectInput::new().range(range.clone()), quick_retries()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(received, CONTENT[first..]);
        assert_eq!(sent, ranges([&range.to_string(), &format!("bytes={}-9", first + 2)]));
    }
    // The range ends before the last byte of the object, whose size the server does not tell.
    let part = |first, sent| {
        let headers = format!("content-length: {}\r\ncontent-range: bytes {first}-5/*", 6 - first);
        RawResponse::from(format!("HTTP/1.1 206 Partial Content\r\netag: \"a\"\r\n{headers}\r\n\r\n{sent}"))
    };
    let (received, error, sent) =
        get([part(2, "23"), part(4, "45")], GetObjectInput::new().range(2..6), quick_retries()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!((received.as_str(), sent), ("2345", ranges(["bytes=2-5", "bytes=4-5"])));
}

#[tokio::test]
async fn request_for_the_rest_keeps_version_and_keys_and_has_other_conditions() {
    let server = RawServer::start([whole("0123"), rest(4, "456789")]).await.unwrap();
    let input = GetObjectInput::new()
        .version_id("v1")
        .response_content_type("text/plain")
        .if_none_match("\"b\"")
        .if_modified_since(Timestamp::from_unix(0).unwrap())
        .if_unmodified_since(Timestamp::from_unix(2_000_000_000).unwrap())
        .if_match("*")
        .encryption_customer_algorithm("AES256")
        .encryption_customer_key("the key")
        .encryption_customer_key_md5("its MD5");
    let object = bucket(server.endpoint(), quick_retries()).get_object("key", input).await.unwrap();
    assert_eq!(object.body.bytes().await.unwrap(), CONTENT);
    let requests = server.requests();
    let [first, second] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(second.target, first.target);
    let kept = ["algorithm", "key", "key-md5"].map(|name| format!("x-qs-encryption-customer-{name}"));
    for name in kept.iter().map(String::as_str).chain(["if-unmodified-since", "host", "user-agent"]) {
        assert_eq!((name, second.header(name)), (name, first.header(name)));
        assert!(second.header(name).is_some(), "{name}");
    }
    assert_eq!((second.header("if-match"), second.header("range")), (Some("\"a\""), Some("bytes=4-9")));
    assert_eq!((second.header("if-none-match"), second.header("if-modified-since")), (None, None));
    assert!(second.header("date").is_some() && second.header("authorization").is_some());
}

#[tokio::test]
async fn body_outlives_the_handles() {
    let server = RawServer::start([whole("0123"), rest(4, "456789")]).await.unwrap();
    let body = bucket(server.endpoint(), quick_retries()).get_object("key", GetObjectInput::new()).await.unwrap().body;
    let (received, error) = tokio::spawn(read(body)).await.unwrap();
    assert!(error.is_none(), "{error:?}");
    assert_eq!(received, CONTENT);
}

#[tokio::test]
async fn reader_and_bytes_continue_too() {
    let server = RawServer::start([whole("01\n3"), rest(4, "4\n6"), rest(7, "789")]).await.unwrap();
    let object = bucket(server.endpoint(), quick_retries()).get_object("key", GetObjectInput::new()).await.unwrap();
    let mut lines = object.body.into_async_read().lines();
    for expected in [Some("01"), Some("34"), Some("6789"), None] {
        assert_eq!(lines.next_line().await.unwrap().as_deref(), expected);
    }
    let server = RawServer::start([whole("0123"), rest(4, "456789")]).await.unwrap();
    let object = bucket(server.endpoint(), quick_retries()).get_object("key", GetObjectInput::new()).await.unwrap();
    assert_eq!(object.body.remaining(), Some(10));
    let bytes = Vec::from(object.body.bytes().await.unwrap());
    assert_eq!((bytes.as_slice(), bytes.capacity()), (CONTENT.as_bytes(), CONTENT.len()));
}

#[tokio::test]
async fn changed_object_is_an_error_with_the_number_of_received_bytes() {
    let changed = "HTTP/1.1 412 Precondition Failed\r\ncontent-length: 0\r\n\r\n";
    let (received, error, requests) = get_whole([whole("0123"), changed.into()]).await;
    let error = error.unwrap();
    assert!(error.is_precondition_failed(), "{error}");
    assert_eq!((received.as_str(), requests, error.attempts()), ("0123", 2, 2));
    assert_eq!((error.operation(), error.bucket(), error.key()), (Some("GetObject"), Some("bucket"), Some("key")));
    assert!(error.to_string().contains("4 of 10 bytes were received"), "{error}");
}

#[tokio::test]
async fn response_that_is_not_the_rest_is_an_error() {
    let partial = "HTTP/1.1 206 Partial Content";
    for (response, problem) in [
        (
            format!("HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 10\r\n\r\n{CONTENT}"),
            "its status is 200 and not 206",
        ),
        (
            format!("{partial}\r\netag: \"b\"\r\ncontent-range: bytes 4-9/10\r\ncontent-length: 6\r\n\r\nabcdef"),
            "its ETag is \"b\" and not \"a\"",
        ),
        (
            format!(
                "{partial}\r\nx-qs-request-id: 1\r\ncontent-range: bytes 4-9/10\r\ncontent-length: 6\r\n\r\nabcdef"
            ),
            "it has no ETag instead of \"a\"",
        ),
        (
            format!("{partial}\r\netag: \"a\"\r\ncontent-length: 6\r\n\r\nabcdef"),
            "its Content-Range is missing and not bytes 4-9/10",
        ),
        (
            format!("{partial}\r\netag: \"a\"\r\ncontent-range: bytes 3-9/10\r\ncontent-length: 7\r\n\r\nabcdefg"),
            "its Content-Range is bytes 3-9/10 and not bytes 4-9/10",
        ),
        (
            format!("{partial}\r\netag: \"a\"\r\ncontent-range: bytes 4-9/11\r\ncontent-length: 6\r\n\r\nabcdef"),
            "its Content-Range is bytes 4-9/11 and not bytes 4-9/10",
        ),
        (
            format!("{partial}\r\netag: \"a\"\r\ncontent-range: bytes 4-9/10\r\ncontent-length: 7\r\n\r\nabcdefg"),
            "its length is 7 bytes and not 6",
        ),
    ] {
        let (received, error, requests) = get_whole([whole("0123"), response.into()]).await;
        let error = error.unwrap_or_else(|| panic!("{problem}"));
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::UnexpectedResponse, 2), "{error}");
        assert_eq!((received.as_str(), requests), ("0123", 2), "{error}");
        let text = error.to_string();
        assert!(text.contains(problem) && text.contains("4 of 10 bytes were received"), "{text}");
    }
}

#[tokio::test]
async fn response_with_other_bytes_than_the_requested_ones_is_an_error() {
    let whole = || whole(CONTENT);
    for (range, response, problem) in [
        (None, rest(4, "456789"), "contains bytes 4-9/10, but bytes=0- was requested"),
        (Some(ByteRange::from(2..6)), rest(4, "456789"), "contains bytes 4-9/10, but bytes=2-5 was requested"),
        (Some((4..6).into()), rest(4, "456789"), "contains bytes 4-9/10, but bytes=4-5 was requested"),
        (Some(ByteRange::last(3)), rest(4, "456789"), "contains bytes 4-9/10, but bytes=-3 was requested"),
        (Some((4..).into()), whole(), "contains bytes 0-9/10, but bytes=4- was requested"),
    ] {
        let server = RawServer::start([response]).await.unwrap();
        let mut input = GetObjectInput::new();
        input.range = range;
        let outcome = bucket(server.endpoint(), quick_retries()).get_object("key", input).await;
        let error = outcome.err().unwrap_or_else(|| panic!("{problem}"));
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::UnexpectedResponse, 1), "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }
    // A server may ignore a range that covers the object, and an empty object has no other bytes.
    let empty = "HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: 0\r\n\r\n";
    for (range, response, content) in
        [(ByteRange::from(0..10), whole(), CONTENT), ((0..).into(), whole(), CONTENT), ((4..).into(), empty.into(), "")]
    {
        let (received, error, _) = get([response], GetObjectInput::new().range(range), quick_retries()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(received, content);
    }
}

#[tokio::test]
async fn bytes_after_the_end_of_the_rest_are_an_error() {
    let chunked = "transfer-encoding: chunked\r\n\r\n7\r\n456789a\r\n0\r\n\r\n";
    let chunked = format!("HTTP/1.1 206 Partial Content\r\netag: \"a\"\r\ncontent-range: bytes 4-9/10\r\n{chunked}");
    let (received, error, _) = get_whole([whole("0123"), chunked.into()]).await;
    let error = error.unwrap();
    assert_eq!((received.as_str(), error.kind()), ("0123", ErrorKind::UnexpectedResponse), "{error}");
    assert!(error.to_string().contains("longer than its 10 bytes"), "{error}");
}

#[tokio::test]
async fn body_that_cannot_be_resumed_is_an_error_with_the_reason() {
    let ok =
        |headers: &str| RawResponse::from(format!("HTTP/1.1 200 OK\r\nx-qs-request-id: 1\r\n{headers}\r\n\r\n0123"));
    let chunked = "HTTP/1.1 200 OK\r\netag: \"a\"\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n";
    for (response, known, reason) in [
        (ok("content-length: 10"), true, "the response has no strong ETag"),
        (ok("etag: W/\"a\"\r\ncontent-length: 10"), true, "the response has no strong ETag"),
        (ok("etag: \"\"\r\ncontent-length: 10"), true, "the response has no strong ETag"),
        (chunked.into(), false, "the length of the response is unknown"),
    ] {
        let (received, error, requests) = get_whole([response]).await;
        let error = error.unwrap();
        assert_eq!((received.as_str(), requests, error.kind()), ("0123", 1, ErrorKind::Connection), "{error}");
        let progress = if known { "4 of 10 bytes were received" } else { "4 bytes were received" };
        let expected = format!("{progress}; the rest was not requested, because {reason}");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}

#[tokio::test]
async fn retry_settings_switch_resuming_off() {
    for retry in [RetryConfig::disabled(), quick_retries().resume_bodies(false)] {
        let (received, error, sent) = get([whole("0123")], GetObjectInput::new(), retry).await;
        let error = error.unwrap();
        assert_eq!((received.as_str(), sent.len(), error.attempts()), ("0123", 1, 1), "{error}");
        assert!(error.to_string().contains("the retry settings switch it off"), "{error}");
    }
}

#[tokio::test]
async fn exhausted_policy_is_an_error_with_the_number_of_received_bytes() {
    let (received, error, requests) = get_whole([whole("01"), rest(2, "")]).await;
    let error = error.unwrap();
    assert_eq!((received.as_str(), requests, error.kind()), ("01", 3, ErrorKind::Connection), "{error}");
    assert_eq!(error.attempts(), 3);
    assert!(error.to_string().contains("2 of 10 bytes were received"), "{error}");

    // Failed attempts of the first request count too, until bytes are received.
    let responses = [RawResponse::connection_reset(), whole(""), rest(0, "")];
    let (received, error, requests) = get_whole(responses).await;
    assert_eq!((received.as_str(), requests, error.unwrap().attempts()), ("", 3, 3));
}
