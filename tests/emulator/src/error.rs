//! Errors in responses: code, HTTP status and message.

use std::fmt;
use std::io;

use http::StatusCode;

/// Declares error codes with their HTTP status and the text in the response.
macro_rules! codes {
    ($($name:ident $status:literal $text:literal,)*) => {
        /// An error code of the service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($name,)* }

        impl Code {
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            pub(crate) fn status(self) -> StatusCode {
                let status: u16 = match self { $(Self::$name => $status,)* };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    };
}

codes! {
    InvalidArgument 400 "invalid_argument",
    BadDigest 400 "bad_digest",
    InvalidBucketName 400 "invalid_bucket_name",
    InvalidRequest 400 "invalid_request",
    InvalidObjectState 400 "invalid_object_state",
    InvalidObjectName 400 "invalid_object_name",
    EntityTooSmall 400 "entity_too_small",
    EntityTooLarge 400 "entity_too_large",
    MaxPartsExceeded 400 "max_parts_exceeded",
    InvalidJson 400 "invalid_json",
    IncompleteBody 400 "incomplete_body",
    TooManyObjects 400 "too_many_objects",
    MetadataTooLarge 400 "metadata_too_large",
    FormPolicyViolated 400 "form_policy_violated",
    CnameError 400 "cname_error",
    InvalidAccessKeyId 401 "invalid_access_key_id",
    SignatureNotMatched 401 "signature_not_matched",
    RequestExpired 403 "request_expired",
    PermissionDenied 403 "permission_denied",
    BucketNotExists 404 "bucket_not_exists",
    ObjectNotExists 404 "object_not_exists",
    // QingStor's table of errors says 400, the pages of the operations say 404. `Builder` can change the status.
    UploadNotExists 404 "upload_not_exists",
    // QingStor documents no code for this status of HTTP.
    LengthRequired 411 "invalid_argument",
    MethodNotAllowed 405 "method_not_allowed",
    BucketAlreadyExists 409 "bucket_already_exists",
    BucketNotEmpty 409 "bucket_not_empty",
    PreconditionFailed 412 "precondition_failed",
    InvalidRange 416 "invalid_range",
    InternalError 500 "internal_error",
    // Only the emulator has this code.
    NotImplemented 501 "not_implemented",
}

/// An error that the emulator sends as the response to a request.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// The string to sign that the emulator computed. Clients can compare it with theirs.
    pub(crate) string_to_sign: Option<String>,
    /// Size of the object, if the code is `InvalidRange`. Sent as `Content-Range: bytes */size`.
    pub(crate) object_size: Option<u64>,
    /// Version id of the delete marker that the request found instead of an object. Sent in headers.
    pub(crate) delete_marker: Option<String>,
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), string_to_sign: None, object_size: None, delete_marker: None }
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// Creates the error of a body that is not JSON.
    pub(crate) fn invalid_json(error: serde_json::Error) -> Self {
        Self::new(Code::InvalidJson, format!("the body cannot be read as JSON: {error}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::new(Code::InternalError, format!("the emulator failed to access its data directory: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_text_and_status() {
        assert_eq!(Code::UploadNotExists.as_str(), "upload_not_exists");
        assert_eq!(Code::UploadNotExists.status(), StatusCode::NOT_FOUND);
        assert_eq!(Code::InvalidRange.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    }
}
