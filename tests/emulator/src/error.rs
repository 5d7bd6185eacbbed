//! What the service answers when it refuses: a code, its status and a sentence.

use std::fmt;
use std::io;

use http::StatusCode;

/// Declares the codes with their status and spelling in one table.
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
    // The published error table says 400, the pages of the operations say 404; the service can be told which.
    UploadNotExists 404 "upload_not_exists",
    // The status is HTTP's; the service is not known to have a code of its own for it.
    LengthRequired 411 "invalid_argument",
    MethodNotAllowed 405 "method_not_allowed",
    BucketAlreadyExists 409 "bucket_already_exists",
    BucketNotEmpty 409 "bucket_not_empty",
    PreconditionFailed 412 "precondition_failed",
    InvalidRange 416 "invalid_range",
    InternalError 500 "internal_error",
    // Not a code of the service: the emulator says what it does not do yet.
    NotImplemented 501 "not_implemented",
}

/// A refusal on its way to the client.
#[derive(Debug)]
pub(crate) struct Error {
    code: Code,
    message: String,
    string_to_sign: Option<String>,
    object_size: Option<u64>,
    delete_marker: Option<String>,
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), string_to_sign: None, object_size: None, delete_marker: None }
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn precondition_failed(condition: &str) -> Self {
        Self::new(Code::PreconditionFailed, format!("the condition {condition} does not hold"))
    }

    /// The text the server itself signed, so that people can compare it with theirs.
    pub(crate) fn with_string_to_sign(mut self, text: String) -> Self {
        self.string_to_sign = Some(text);
        self
    }

    /// The size a refused range was measured against; it becomes `Content-Range: bytes */size`.
    pub(crate) fn with_object_size(mut self, size: u64) -> Self {
        self.object_size = Some(size);
        self
    }

    /// The delete marker in whose place an object was wanted; it is named in the headers of the answer.
    pub(crate) fn with_delete_marker(mut self, version_id: String) -> Self {
        self.delete_marker = Some(version_id);
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn string_to_sign(&self) -> Option<&str> {
        self.string_to_sign.as_deref()
    }

    pub(crate) fn object_size(&self) -> Option<u64> {
        self.object_size
    }

    pub(crate) fn delete_marker(&self) -> Option<&str> {
        self.delete_marker.as_deref()
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
        Self::new(Code::InternalError, format!("the emulator's storage failed: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_status() {
        assert_eq!(Code::UploadNotExists.as_str(), "upload_not_exists");
        assert_eq!(Code::UploadNotExists.status(), StatusCode::NOT_FOUND);
        assert_eq!(Code::InvalidRange.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    }
}
