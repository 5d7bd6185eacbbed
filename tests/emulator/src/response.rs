//! Builds responses.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::body::ResponseBody;
use crate::clock::Moment;
use crate::error::Error;
use crate::headers::set_header;

pub(crate) type Response = http::Response<ResponseBody>;

/// Content type of a response without a body. One official client fails if the header is missing. If the type were
/// JSON, another official client would parse the empty body.
const EMPTY_BODY_TYPE: HeaderValue = HeaderValue::from_static("text/plain");
/// Content type of JSON. It has no charset, because two official clients accept only this exact value.
const JSON_TYPE: HeaderValue = HeaderValue::from_static("application/json");
/// Value of the field `url` in error responses: the documentation.
const HELP: &str = "https://docsv4.qingcloud.com";

/// Builds a response without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(ResponseBody::Bytes(Default::default()));
    *response.status_mut() = status;
    response
}

/// Builds a response with a JSON body.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // All maps have strings as keys, so serialization cannot fail.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(ResponseBody::Bytes(bytes.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON_TYPE);
    response
}

/// Builds the response for an error. The response to HEAD has no body.
pub(crate) fn error(error: &Error, status: StatusCode, method: &Method, request_id: &str) -> Response {
    let string_to_sign = error.string_to_sign.as_deref();
    let mut response = error_response(error.code.as_str(), &error.message, string_to_sign, status, method, request_id);
    if let Some(size) = error.object_size {
        set_header(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
    }
    if let Some(version_id) = &error.delete_marker {
        set_version_id(response.headers_mut(), Some(version_id));
        set_delete_marker(response.headers_mut());
    }
    response
}

/// Builds the response for an error. Unlike [`error`], it accepts codes that the service does not have.
pub(crate) fn error_response(
    code: &str,
    message: &str,
    string_to_sign: Option<&str>,
    status: StatusCode,
    method: &Method,
    request_id: &str,
) -> Response {
    if method == Method::HEAD {
        return empty(status);
    }
    let mut body = serde_json::json!({ "code": code, "message": message, "request_id": request_id, "url": HELP });
    if let Some(text) = string_to_sign {
        body["string_to_sign"] = text.into();
    }
    json(status, &body)
}

/// Adds the header with the version id, if there is one.
pub(crate) fn set_version_id(headers: &mut HeaderMap, version_id: Option<&str>) {
    if let Some(version_id) = version_id {
        set_header(headers, "x-qs-version-id", version_id);
    }
}

/// Adds `x-qs-delete-marker`. Only responses about a delete marker have this header.
pub(crate) fn set_delete_marker(headers: &mut HeaderMap) {
    headers.insert("x-qs-delete-marker", HeaderValue::from_static("true"));
}

/// Adds the headers that every response has.
pub(crate) fn add_common_headers(response: &mut Response, request_id: &str, now: Moment) {
    let status = response.status();
    let length = response.body().remaining();
    let headers = response.headers_mut();
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
    fn error_response_to_head_has_no_body() {
        let refused = Error::new(Code::ObjectNotExists, "there is no object");
        let response = error(&refused, StatusCode::NOT_FOUND, &Method::HEAD, "1");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.body().remaining(), 0);
    }

    #[test]
    fn adds_the_common_headers() {
        let mut response = empty(StatusCode::CREATED);
        add_common_headers(&mut response, "00ff", Moment::from_seconds(0));
        let headers = response.headers();
        assert_eq!(headers["server"], "QingStor");
        assert_eq!(headers["date"], "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(headers["x-qs-request-id"], "00ff");
        assert_eq!(headers["content-length"], "0");
        assert_eq!(headers["content-type"], "text/plain");
    }
}
