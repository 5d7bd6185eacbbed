use qingstor_sdk::{Error, ErrorKind};

/// What can be done about an error of the service, where that is not in the error.
pub(crate) fn advice(error: &Error) -> Option<&'static str> {
    match (error.kind(), error.status().map(|status| status.as_u16()), error.code()) {
        (ErrorKind::Connect, ..) => Some("is the endpoint right (QINGSTOR_ENDPOINT), and is there a network?"),
        (_, Some(301 | 302 | 307), _) => Some("the bucket is in another zone: name it with QINGSTOR_ZONE"),
        (_, Some(401), _) => Some("are the keys right (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY)?"),
        (_, Some(403), _) => Some("these keys may not do that, or the clock of this machine is wrong"),
        (_, _, Some("bucket_not_exists")) => Some("is the bucket's name right, and its zone (QINGSTOR_ZONE)?"),
        _ => None,
    }
}
