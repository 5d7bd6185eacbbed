//! What people without credentials may do.

use crate::address::{Target, parse_source};
use crate::error::{Code, Error};
use crate::request::Request;
use crate::served::Operation;
use crate::settings::{Acl, Permission, Setting};
use crate::source::{self, Source};
use crate::store::Store;

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    Grant(Permission),
    /// Grants to everyone never reach so far.
    Ownership,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Whether every bucket is as if it granted everyone reading and writing.
    pub(crate) allow_anonymous: bool,
}

impl Access {
    /// Refuses a request without credentials unless what it does is open to everyone. `None` is a request that is no
    /// operation.
    pub(crate) fn check_stranger(
        &self,
        operation: Option<Operation>,
        request: &Request,
        store: &Store,
    ) -> Result<(), Error> {
        let Some(operation) = operation else {
            return if self.allow_anonymous { Ok(()) } else { Err(refused()) };
        };
        match need(operation, request) {
            Need::Nothing => Ok(()),
            Need::Ownership => Err(refused()),
            Need::Grant(permission) => {
                self.check_grant(bucket(request), permission, store)?;
                self.check_source(request, store)
            }
        }
    }

    /// Refuses unless the bucket grants everyone this permission.
    pub(crate) fn check_grant(&self, bucket: &str, permission: Permission, store: &Store) -> Result<(), Error> {
        if self.allow_anonymous {
            return Ok(());
        }
        // Whether there is such a bucket is not a stranger's business either.
        let settings = store.settings(bucket).map_err(|_| refused())?;
        match Acl::kept(&settings) {
            Some(acl) if acl.grants_everyone(permission) => Ok(()),
            _ => Err(refused()),
        }
    }

    /// Who may write here may not therefore read there.
    fn check_source(&self, request: &Request, store: &Store) -> Result<(), Error> {
        let source = request.headers.get(source::COPY).and_then(|value| value.to_str().ok());
        match source.map(parse_source) {
            Some(Ok(source)) => self.check_grant(&source.bucket, Permission::Read, store),
            // The operation says what is wrong with it.
            Some(Err(_)) | None => Ok(()),
        }
    }
}

fn need(operation: Operation, request: &Request) -> Need {
    match operation {
        // What a browser asks before it asks. Grants are for the request that follows.
        Operation::OptionsObject => Need::Nothing,
        // Credentials are in the form, and it is the operation that reads it.
        Operation::PostObject => Need::Nothing,
        // One has to know where a bucket is before one can sign for the right host.
        Operation::HeadBucket if request.asks_for_zone() => Need::Nothing,
        Operation::GetObject | Operation::HeadObject if overrides_headers(request) => Need::Ownership,
        Operation::GetObject | Operation::HeadObject | Operation::ListMultipart => Need::Grant(Permission::Read),
        // Moving deletes.
        Operation::PutObject if matches!(Source::of_object(&request.headers), Ok(Source::Move)) => Need::Ownership,
        Operation::PutObject
        | Operation::InitiateMultipartUpload
        | Operation::UploadMultipart
        | Operation::CompleteMultipartUpload
        | Operation::AbortMultipartUpload
        | Operation::AppendObject => Need::Grant(Permission::Write),
        _ => Need::Ownership,
    }
}

fn overrides_headers(request: &Request) -> bool {
    request.query.parameters().iter().any(|parameter| parameter.name.starts_with("response-"))
}

fn bucket(request: &Request) -> &str {
    match &request.address.target {
        Target::Service => "",
        Target::Bucket { bucket } | Target::Object { bucket, .. } => bucket,
    }
}

fn refused() -> Error {
    Error::new(Code::PermissionDenied, "the request is not signed, and what it asks for is not open to everyone")
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
