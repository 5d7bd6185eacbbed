//! Conversion of the SDK's errors.

use std::sync::Arc;

use object_store::Error;
use object_store::path::Path;
use qingstor_sdk::types::KeyDeleteError;

/// Name of this store in errors.
pub(crate) const STORE: &str = "QingStor";

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Converts the error of a call on the object at `location`. The error of the SDK becomes the source.
pub(crate) fn store_error(location: &Path, error: qingstor_sdk::Error) -> Error {
    let kind = Kind::of(&error);
    kind.error(location, error.into())
}

/// Converts the error of a call that several objects share.
pub(crate) fn shared_error(location: &Path, error: &Arc<qingstor_sdk::Error>) -> Error {
    Kind::of(error).error(location, Arc::clone(error).into())
}

/// Converts the reason for which the server has not deleted one of several objects.
pub(crate) fn delete_error(location: &Path, error: &KeyDeleteError) -> Error {
    let kind = match error.code.as_deref() {
        Some("object_not_exists") => Kind::NotFound,
        Some("permission_denied" | "access_denied") => Kind::PermissionDenied,
        _ => Kind::Other,
    };
    // The texts are formatted with `Debug`, because the server may have sent control characters.
    let code = error.code.as_deref().unwrap_or("no error code");
    let message = error.message.as_deref().unwrap_or_default();
    kind.error(location, format!("DeleteMultipleObjects of key {:?}: {code:?}: {message:?}", error.key).into())
}

/// Returns an error that no other variant describes.
pub(crate) fn generic(source: impl Into<BoxError>) -> Error {
    Error::Generic { store: STORE, source: source.into() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    NotFound,
    NotModified,
    Precondition,
    Unauthenticated,
    PermissionDenied,
    NotSupported,
    Other,
}

impl Kind {
    fn of(error: &qingstor_sdk::Error) -> Self {
        match error.status().map(|status| status.as_u16()) {
            // Some codes of missing things come with status 400.
            _ if error.is_not_found() => Self::NotFound,
            Some(304) => Self::NotModified,
            Some(412) => Self::Precondition,
            Some(401) => Self::Unauthenticated,
            Some(403) => Self::PermissionDenied,
            Some(501) => Self::NotSupported,
            _ => Self::Other,
        }
    }

    fn error(self, location: &Path, source: BoxError) -> Error {
        let path = location.to_string();
        match self {
            Self::NotFound => Error::NotFound { path, source },
            Self::NotModified => Error::NotModified { path, source },
            Self::Precondition => Error::Precondition { path, source },
            Self::Unauthenticated => Error::Unauthenticated { path, source },
            Self::PermissionDenied => Error::PermissionDenied { path, source },
            Self::NotSupported => Error::NotSupported { source },
            Self::Other => generic(source),
        }
    }
}
