//! Permissions of requests without credentials.

use crate::address::parse_source;
use crate::error::Error;
use crate::operations::copy::{COPY_SOURCE, DataSource};
use crate::operations::{check_granted_to_everyone, denied};
use crate::request::Request;
use crate::routes::Operation;
use crate::settings::Permission;
use crate::store::Store;

/// Checks that everyone may send a request. `operation` is `None` for a request that matches no operation. With
/// `allow_anonymous`, every bucket counts as readable and writable by everyone.
pub(crate) fn check_anonymous(
    operation: Option<Operation>,
    request: &Request,
    store: &Store,
    allow_anonymous: bool,
) -> Result<(), Error> {
    let Some(operation) = operation else {
        return if allow_anonymous { Ok(()) } else { Err(denied()) };
    };
    let Some(permission) = required_permission(operation, request)? else {
        return Ok(());
    };
    check_granted_to_everyone(store, &request.address.bucket, permission, allow_anonymous)?;
    // Permission to write here does not include permission to read the source of a copy.
    match request.header(COPY_SOURCE).map(parse_source) {
        Some(Ok(source)) => check_granted_to_everyone(store, &source.bucket, Permission::Read, allow_anonymous),
        // The operation reports a malformed source.
        Some(Err(_)) | None => Ok(()),
    }
}

/// Returns the permission that the bucket has to grant to everyone, if the operation requires one. Refuses an operation
/// that requires ownership.
fn required_permission(operation: Operation, request: &Request) -> Result<Option<Permission>, Error> {
    let overrides_headers = || request.query.parameters.iter().any(|parameter| parameter.name.starts_with("response-"));
    Ok(match operation {
        // The permission is checked for the request that follows a preflight.
        Operation::OptionsObject => None,
        // The operation reads the credentials from the fields of the form.
        Operation::PostObject => None,
        // A client has to know the zone of a bucket before it can sign for the right host.
        Operation::HeadBucket if request.asks_for_zone() => None,
        Operation::GetObject | Operation::HeadObject if overrides_headers() => return Err(denied()),
        Operation::GetObject | Operation::HeadObject | Operation::ListMultipart => Some(Permission::Read),
        // Moving deletes the source.
        Operation::PutObject if matches!(DataSource::of_request(&request.headers), Ok(DataSource::Move)) => {
            return Err(denied());
        }
        Operation::PutObject
        | Operation::InitiateMultipartUpload
        | Operation::UploadMultipart
        | Operation::CompleteMultipartUpload
        | Operation::AbortMultipartUpload
        | Operation::AppendObject => Some(Permission::Write),
        _ => return Err(denied()),
    })
}

#[cfg(test)]
#[path = "anonymous_access_tests.rs"]
mod tests;
