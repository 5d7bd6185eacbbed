//! Answers, with what every answer has.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use crate::body::ResponseBody;
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::metadata::set;

pub(crate) type Answer = Response<ResponseBody>;

/// One official client cannot bear an answer without a type, and another one reads JSON where the type says JSON.
const BODYLESS_TYPE: HeaderValue = HeaderValue::from_static("text/plain");
/// Exactly so, without a charset: two official clients compare for equality.
const JSON_TYPE: HeaderValue = HeaderValue::from_static("application/json");
const VERSION_ID: HeaderName = HeaderName::from_static("x-qs-version-id");
const DELETE_MARKER: HeaderName = HeaderName::from_static("x-qs-delete-marker");
/// Where the codes are explained.
const HELP: &str = "https://docsv4.qingcloud.com";

pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(ResponseBody::empty());
    *answer.status_mut() = status;
    answer
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    // Our own shapes have string keys and no failing parts, so this always succeeds.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    let mut answer = Response::new(ResponseBody::bytes(bytes));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, JSON_TYPE);
    answer
}

/// The body of a refusal.
#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_to_sign: Option<&'a str>,
}

pub(crate) fn error(error: &Error, status: StatusCode, method: &Method, request_id: &str) -> Answer {
    let body = ErrorBody {
        code: error.code().as_str(),
        message: error.message(),
        request_id,
        url: HELP,
        string_to_sign: error.string_to_sign(),
    };
    let mut answer = refusal(&body, status, method);
    if let (Code::InvalidRange, Some(size)) = (error.code(), error.object_size()) {
        let range = format!("bytes */{size}");
        set(answer.headers_mut(), header::CONTENT_RANGE, &range);
    }
    if let Some(version_id) = error.delete_marker() {
        name_version(answer.headers_mut(), Some(version_id));
        tell_delete_marker(answer.headers_mut());
    }
    answer
}

/// A refusal with a code that need not be one of the service's.
pub(crate) fn refuse_with(code: &str, message: &str, status: StatusCode, method: &Method, request_id: &str) -> Answer {
    refusal(&ErrorBody { code, message, request_id, url: HELP, string_to_sign: None }, status, method)
}

fn refusal(body: &ErrorBody<'_>, status: StatusCode, method: &Method) -> Answer {
    if method == Method::HEAD { empty(status) } else { json(status, body) }
}

/// Names the version that an answer is about, where it has a name.
pub(crate) fn name_version(headers: &mut HeaderMap, version_id: Option<&str>) {
    if let Some(version_id) = version_id {
        set(headers, VERSION_ID, version_id);
    }
}

/// Says that the version is a delete marker. What is none says nothing.
pub(crate) fn tell_delete_marker(headers: &mut HeaderMap) {
    headers.insert(DELETE_MARKER, HeaderValue::from_static("true"));
}

/// Adds the headers all answers share.
pub(crate) fn finish(answer: &mut Answer, request_id: &str, now: Moment) {
    let status = answer.status();
    let length = http_body::Body::size_hint(answer.body()).exact().unwrap_or_default();
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("QingStor"));
    set(headers, header::DATE, &now.http_date());
    set(headers, HeaderName::from_static("x-qs-request-id"), request_id);
    headers.entry(header::CONTENT_TYPE).or_insert(BODYLESS_TYPE);
    let has_length = !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if has_length && !headers.contains_key(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_head_has_no_body() {
        let refused = Error::new(Code::ObjectNotExists, "gone");
        let answer = error(&refused, StatusCode::NOT_FOUND, &Method::HEAD, "1");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(http_body::Body::is_end_stream(answer.body()));
    }

    #[test]
    fn every_answer_has_the_common_headers() {
        let mut answer = empty(StatusCode::CREATED);
        finish(&mut answer, "00ff", Moment::from_seconds(0));
        let headers = answer.headers();
        assert_eq!(headers["server"], "QingStor");
        assert_eq!(headers["date"], "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(headers["x-qs-request-id"], "00ff");
        assert_eq!(headers["content-length"], "0");
        assert_eq!(headers["content-type"], "text/plain");
    }
}
