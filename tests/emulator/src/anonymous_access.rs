//! Permissions of anonymous requests, which are requests without credentials.

use crate::address::parse_source;
use crate::error::Error;
use crate::operations::copy::{COPY_SOURCE, DataSource};
use crate::operations::{check_granted_to_everyone, denied};
use crate::request::Request;
use crate::routes::Operation;
use crate::settings::Permission;
use crate::store::Store;

/// Checks that an anonymous request is allowed. `operation` is `None` if the request matches no operation. With
/// `allow_anonymous`, everyone can read and write objects in every bucket.
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
    // A copy also needs permission to read its source.
    match request.header(COPY_SOURCE).map(parse_source) {
        Some(Ok(source)) => check_granted_to_everyone(store, &source.bucket, Permission::Read, allow_anonymous),
        // The operation refuses a malformed source.
        Some(Err(_)) | None => Ok(()),
    }
}

/// Returns the permission that the bucket's ACL has to grant to everyone, or `None` if the operation requires none.
/// Refuses operations that only the owner may call.
fn required_permission(operation: Operation, request: &Request) -> Result<Option<Permission>, Error> {
    let overrides_headers = || request.query.parameters.iter().any(|parameter| parameter.name.starts_with("response-"));
    Ok(match operation {
        // A preflight does nothing. The permission is checked for the request that follows it.
        Operation::OptionsObject => None,
        // The fields of the form may contain credentials. The operation checks them and the permission.
        Operation::PostObject => None,
        // A client asks for the zone of a bucket before it can sign a request to the host of that zone.
        Operation::HeadBucket if request.asks_for_zone() => None,
        Operation::GetObject | Operation::HeadObject if overrides_headers() => return Err(denied()),
        Operation::GetObject | Operation::HeadObject | Operation::ListMultipart => Some(Permission::Read),
        // A move deletes its source.
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
