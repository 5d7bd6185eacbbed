use super::*;
use http::HeaderMap;

fn call() -> CallName {
    CallName { operation: "GetObject", bucket: Some("films".into()), key: Some("a b".into()) }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[test]
fn display_names_operation_bucket_key_code_message_and_request_id() {
    let body = br#"{"code":"object_not_exists","message":"no such object","request_id":"other","url":"http://docs"}"#;
    let service = ServiceError::parse(StatusCode::NOT_FOUND, &headers(&[("x-qs-request-id", "abc123")]), body);
    let error = Error::from_service(service).with_call(&call()).with_attempts(1);
    assert_eq!(
        error.to_string(),
        "GetObject of key \"a b\" in bucket \"films\": the server returned 404 object_not_exists: no such object \
         (request id abc123, see http://docs)"
    );
    assert!(error.is_not_found());
    assert_eq!(error.code(), Some("object_not_exists"));
    assert_eq!(error.reference_url(), Some("http://docs"));
}

#[test]
fn display_quotes_the_start_of_an_html_page_on_one_line() {
    let page = format!("<html>\r\n<h1>Bad Gateway</h1>{}", "x".repeat(1000));
    let service =
        ServiceError::parse(StatusCode::BAD_GATEWAY, &headers(&[("content-type", "text/html")]), page.as_bytes());
    let text = Error::from_service(service).with_call(&call()).with_attempts(3).to_string();
    assert!(text.contains(
        "502 Bad Gateway: the response is not an error document of QingStor but text/html: <html> <h1>Bad Gateway"
    ));
    assert!(text.ends_with("… (sent 3 times)"), "{text}");
    assert!(text.len() < 400);
}

#[test]
fn display_of_an_empty_response_is_its_status() {
    let service = ServiceError::parse(StatusCode::FORBIDDEN, &HeaderMap::new(), b"");
    let error = Error::from_service(service);
    assert_eq!(error.to_string(), "the server returned 403 Forbidden");
    assert_eq!(error.code(), None);
    assert!(error.is_access_denied());
}

#[test]
fn display_of_a_redirect_names_the_zone_as_the_cause() {
    let service = ServiceError::parse(
        StatusCode::MOVED_PERMANENTLY,
        &headers(&[("location", "https://pek3a.example.com/films")]),
        b"",
    );
    let text = Error::from_service(service).to_string();
    assert!(text.contains("https://pek3a.example.com/films; check the zone of the bucket"), "{text}");
}

#[test]
fn display_shows_the_innermost_cause_once() {
    let io = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
    let error = Error::new(ErrorKind::Body, "the body could not be read").with_source(io);
    assert_eq!(error.to_string(), "the body could not be read: no such file");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn io_error_has_the_kind_of_the_failed_writer() {
    use std::io::ErrorKind as Kind;

    for (cause, expected) in
        [(Kind::BrokenPipe, Kind::BrokenPipe), (Kind::StorageFull, Kind::StorageFull), (Kind::Interrupted, Kind::Other)]
    {
        let failed = std::io::Error::new(cause, "the writer failed");
        let error = Error::new(ErrorKind::Body, "the bytes could not be written").with_source(failed);
        assert_eq!(std::io::Error::from(error).kind(), expected);
    }
    assert_eq!(std::io::Error::from(Error::new(ErrorKind::Body, "the stream failed")).kind(), Kind::Other);
}
