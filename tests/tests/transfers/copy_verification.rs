//! Copies by a server that says little of its objects, or the wrong thing.
//!
//! Protects: a copy is looked at once it is made, in one request or in parts, and one of another size is an error; who may
//! not look is told that it was made; its size is never 0 because nobody said what it is; and parts are all of one source,
//! also where only a date tells it from a later one.

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::{Config, Copied, ErrorKind, MIB, ObjectCopy, ObjectSource, QingStor, Result, RetryConfig};
use qingstor_tests::{RawServer, TestBucket};

const DATE: &str = "Thu, 01 Dec 2022 16:00:00 GMT";
const TAG: &str = "\"900150983cd24fb0d6963f7d28e17f72\"";
const MADE: &str = "HTTP/1.1 201 Created\r\netag: \"900150983cd24fb0d6963f7d28e17f72\"\r\nx-qs-version-id: V1\r\n\
                    content-length: 0\r\n\r\n";
const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";

fn head(headers: &[&str]) -> String {
    format!("HTTP/1.1 200 OK\r\n{}\r\nconnection: close\r\n\r\n", headers.join("\r\n"))
}

fn copy(server: &RawServer) -> ObjectCopy {
    let config = Config::new("KEY", "secret").endpoint(server.endpoint()).retry(RetryConfig::disabled());
    let bucket = QingStor::new(config).unwrap().bucket("bucket", None);
    bucket.copy(ObjectSource::new("other", "from"), "to").part_size(4 * MIB).concurrency(1)
}

/// A copy in one request, by a server that says this of the source, and that of the copy.
async fn copied(source: &[String], seen: &[String]) -> (Result<Copied>, RawServer) {
    let answers = [source, &[MADE.to_owned()], seen].concat();
    let server = RawServer::start(answers).await.unwrap();
    (copy(&server).send().await, server)
}

#[tokio::test]
async fn a_copy_in_one_request_is_looked_at() {
    let source = [head(&["content-length: 3", &format!("etag: {TAG}")])];
    let (copied_whole, server) = copied(&source, &[head(&["content-length: 3"])]).await;
    let asked: Vec<_> = server.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(asked, ["HEAD", "PUT", "HEAD"]);
    let of_copy = server.requests()[2].target.clone();
    assert!(of_copy.ends_with("/to?version_id=V1"), "that very version: {of_copy}");
    let copied_whole = copied_whole.unwrap();
    assert_eq!((copied_whole.size, copied_whole.etag.as_deref()), (3, Some(TAG)));
    assert_eq!(copied_whole.version_id.as_deref(), Some("V1"));

    let (outcome, _) = copied(&source, &[head(&["content-length: 2"])]).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(error.to_string().contains("3 bytes were stored as \"to\", but the object has 2"), "{error}");

    let (outcome, _) = copied(&source, &[FORBIDDEN.to_owned()]).await;
    assert_eq!(outcome.unwrap(), copied_whole, "who may not look");
}

#[tokio::test]
async fn the_size_of_a_copy_is_never_unknown() {
    // HEAD does not tell, and GET of one byte does.
    let first_byte = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-0/3\r\ncontent-length: 1\r\n\r\na";
    for (source, seen) in [
        (vec![head(&["content-length: 3"])], vec![head(&["x-nothing: said"]), first_byte.to_owned()]),
        (vec![head(&["x-nothing: said"]), first_byte.to_owned()], vec![head(&["content-length: 3"])]),
        (vec![head(&["x-nothing: said"]), first_byte.to_owned()], vec![FORBIDDEN.to_owned()]),
    ] {
        let (outcome, _) = copied(&source, &seen).await;
        assert_eq!(outcome.unwrap().size, 3, "{source:?}");
    }
}

#[tokio::test]
async fn where_there_is_no_tag_every_request_demands_the_date_of_the_source() {
    let length = format!("content-length: {}", 9 * MIB);
    let begun = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 18\r\n\r\n{\"upload_id\":\"U1\"}";
    for (tag, multipart_threshold, demanded) in [
        (None, 0, ("x-qs-copy-source-if-unmodified-since", DATE)),
        (None, 5 << 30, ("x-qs-copy-source-if-unmodified-since", DATE)),
        (Some(TAG), 0, ("x-qs-copy-source-if-match", TAG)),
        (Some(TAG), 5 << 30, ("x-qs-copy-source-if-match", TAG)),
    ] {
        let tag = tag.map(|tag| format!("etag: {tag}")).unwrap_or_else(|| "x-no: tag".to_owned());
        let source = head(&[&length, &tag, &format!("last-modified: {DATE}")]);
        let in_parts = [source.as_str(), begun, MADE, MADE, MADE, MADE, &source].map(str::to_owned);
        let at_once = [source.as_str(), MADE, &source].map(str::to_owned);
        let answers = if multipart_threshold == 0 { in_parts.to_vec() } else { at_once.to_vec() };
        let server = RawServer::start(answers).await.unwrap();
        let copied = copy(&server).multipart_threshold(multipart_threshold).send().await.unwrap();
        assert_eq!(copied.size, 9 * MIB);
        let requests = server.requests();
        let copying: Vec<_> = requests.iter().filter(|request| request.header("x-qs-copy-source").is_some()).collect();
        assert_eq!(copying.len(), if multipart_threshold == 0 { 3 } else { 1 });
        for request in copying {
            let conditions = request.headers.iter().filter(|(name, _)| name.starts_with("x-qs-copy-source-if-"));
            let conditions: Vec<_> = conditions.map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(conditions, [demanded]);
        }
    }
}

#[tokio::test]
async fn a_copy_that_cannot_be_looked_at_is_made_all_the_same() {
    for multipart_threshold in [5 << 30, 0] {
        let forbidden = Fault::ErrorAnswer { status: 403, code: None, retry_after: None };
        let plan = FaultPlan::new().rule(FaultRule::new(forbidden).operation("HeadObject").skip(1).count(1));
        let test = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
        test.put("from", vec![7; 5 << 20]).await.unwrap();
        let copy = test.copy(ObjectSource::new(test.name(), "from"), "to").part_size(4 * MIB);
        let copied = copy.multipart_threshold(multipart_threshold).send().await.unwrap();
        assert_eq!((copied.size, test.emulator().faults_fired()), (5 * MIB, vec![1]));
        assert_eq!(test.read("to").await.unwrap().len(), 5 << 20);
    }
}
