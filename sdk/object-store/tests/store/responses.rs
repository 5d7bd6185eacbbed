//! Responses that the emulator does not send: of proxies, and of a service that differs from its documentation.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use qingstor_object_store::QingStorStore;
use qingstor_sdk::{Config, QingStor, RetryConfig};

const META: &str = "etag: \"a\"\r\nlast-modified: Thu, 01 Dec 2022 16:00:00 GMT";

/// Returns a store whose server sends these responses, one on each connection.
fn store(responses: Vec<String>) -> io::Result<QingStorStore> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for response in responses {
            let (mut stream, _) = listener.accept()?;
            // The head of a request ends with an empty line.
            let mut lines = BufReader::new(stream.try_clone()?).lines();
            while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
            stream.write_all(response.as_bytes())?;
        }
        io::Result::Ok(())
    });
    let config = Config::new("ID", "secret").endpoint(endpoint).retry(RetryConfig::disabled());
    Ok(QingStorStore::new(QingStor::new(config).unwrap().bucket("bucket", None)))
}

fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}\r\nconnection: close\r\n\r\n{body}")
}

#[tokio::test]
async fn range_that_was_not_requested_is_an_error() {
    let other = format!("{META}\r\ncontent-range: bytes 0-2/10\r\ncontent-length: 3");
    let store = store(vec![response("206 Partial Content", &other, "012")]).unwrap();
    let error = store.get_range(&Path::from("object"), 2..5).await.unwrap_err().to_string();
    assert!(error.contains("bytes 0-2/10") && error.contains("bytes=2-4 was requested"), "{error}");
}

#[tokio::test]
async fn head_without_a_length_is_answered_by_get_without_content() {
    let get = response("200 OK", &format!("{META}\r\ncontent-length: 3"), "abc");
    let store = store(vec![response("200 OK", META, ""), get]).unwrap();
    let options = GetOptions::new().with_head(true).with_range(Some(GetRange::Suffix(2)));
    let result = store.get_opts(&Path::from("object"), options).await.unwrap();
    assert_eq!((result.meta.size, result.range.clone()), (3, 1..3));
    assert!(result.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn folder_on_two_pages_is_listed_once() {
    let page = |body: &str| {
        response("200 OK", &format!("content-type: application/json\r\ncontent-length: {}", body.len()), body)
    };
    let first = page(r#"{"keys":[],"common_prefixes":["b/","a/"],"has_more":true,"next_marker":"a/1"}"#);
    let second = page(r#"{"keys":[],"common_prefixes":["a/","c/"],"has_more":false,"next_marker":""}"#);
    let list = store(vec![first, second]).unwrap().list_with_delimiter(None).await.unwrap();
    assert_eq!(list.common_prefixes, ["a", "b", "c"].map(Path::from));
}
