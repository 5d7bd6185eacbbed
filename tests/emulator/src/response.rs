//! Builds answers.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use crate::body::ResponseBody;
use crate::clock::Moment;
use crate::error::Error;
use crate::headers::set_header;

pub(crate) type Answer = Response<ResponseBody>;

/// One official client fails without a content type, and another one parses the body if the type is JSON.
const EMPTY_BODY_TYPE: HeaderValue = HeaderValue::from_static("text/plain");
/// Without a charset: two official clients compare for equality.
const JSON_TYPE: HeaderValue = HeaderValue::from_static("application/json");
/// Explanation of the error codes.
const HELP: &str = "https://docsv4.qingcloud.com";

pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(ResponseBody::Bytes(Default::default()));
    *answer.status_mut() = status;
    answer
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    // The values have string keys only, so serialization cannot fail.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    let mut answer = Response::new(ResponseBody::Bytes(bytes.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, JSON_TYPE);
    answer
}

pub(crate) fn error(error: &Error, status: StatusCode, method: &Method, request_id: &str) -> Answer {
    let string_to_sign = error.string_to_sign.as_deref();
    let mut answer = error_answer(error.code.as_str(), &error.message, string_to_sign, status, method, request_id);
    if let Some(size) = error.object_size {
        set_header(answer.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
    }
    if let Some(version_id) = &error.delete_marker {
        set_version_id(answer.headers_mut(), Some(version_id));
        set_delete_marker(answer.headers_mut());
    }
    answer
}

/// Builds the answer for an error code, which need not be one of the service.
pub(crate) fn error_answer(
    code: &str,
    message: &str,
    string_to_sign: Option<&str>,
    status: StatusCode,
    method: &Method,
    request_id: &str,
) -> Answer {
    if method == Method::HEAD {
        return empty(status);
    }
    let mut body = serde_json::json!({ "code": code, "message": message, "request_id": request_id, "url": HELP });
    if let Some(text) = string_to_sign {
        body["string_to_sign"] = text.into();
    }
    json(status, &body)
}

pub(crate) fn set_version_id(headers: &mut HeaderMap, version_id: Option<&str>) {
    if let Some(version_id) = version_id {
        set_header(headers, "x-qs-version-id", version_id);
    }
}

/// Marks the version of an answer as a delete marker. Other versions have no such header.
pub(crate) fn set_delete_marker(headers: &mut HeaderMap) {
    headers.insert("x-qs-delete-marker", HeaderValue::from_static("true"));
}

/// Adds the headers that every answer has.
pub(crate) fn add_common_headers(answer: &mut Answer, request_id: &str, now: Moment) {
    let status = answer.status();
    let length = answer.body().remaining();
    let headers = answer.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("QingStor"));
    set_header(headers, header::DATE, &now.http_date());
    set_header(headers, "x-qs-request-id", request_id);
    headers.entry(header::CONTENT_TYPE).or_insert(EMPTY_BODY_TYPE);
    if !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        headers.entry(header::CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn error_answer_to_head_has_no_body() {
        let refused = Error::new(Code::ObjectNotExists, "gone");
        let answer = error(&refused, StatusCode::NOT_FOUND, &Method::HEAD, "1");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.body().remaining(), 0);
    }

    #[test]
    fn adds_the_common_headers() {
        let mut answer = empty(StatusCode::CREATED);
        add_common_headers(&mut answer, "00ff", Moment::from_seconds(0));
        let headers = answer.headers();
        assert_eq!(headers["server"], "QingStor");
        assert_eq!(headers["date"], "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(headers["x-qs-request-id"], "00ff");
        assert_eq!(headers["content-length"], "0");
        assert_eq!(headers["content-type"], "text/plain");
    }
}
