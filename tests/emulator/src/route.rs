//! From method, target and sub-resource to the operation.

use http::Method;

use crate::address::Target;
use crate::error::{Code, Error};
use crate::request::Request;

/// The operations that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ListBuckets,
    PutBucket,
    HeadBucket,
    DeleteBucket,
    ListObjects,
    ListObjectVersions,
    GetBucketVersioning,
    PutBucketVersioning,
    ListMultipartUploads,
    DeleteMultipleObjects,
    PutObject,
    CopyObject,
    MoveObject,
    GetObject,
    HeadObject,
    DeleteObject,
    AppendObject,
    InitiateMultipartUpload,
    UploadMultipart,
    CopyMultipart,
    ListMultipart,
    CompleteMultipartUpload,
    AbortMultipartUpload,
}

/// Sub-resources of a bucket that exist and are not served yet, with the methods they know.
const UNSERVED: &[(&str, &[Method])] = &[
    ("acl", &[Method::GET, Method::PUT]),
    ("cname", &[Method::GET, Method::PUT, Method::DELETE]),
    ("cors", &[Method::GET, Method::PUT, Method::DELETE]),
    ("lifecycle", &[Method::GET, Method::PUT, Method::DELETE]),
    ("logging", &[Method::GET, Method::PUT, Method::DELETE]),
    ("mirror", &[Method::GET, Method::PUT, Method::DELETE]),
    ("notification", &[Method::GET, Method::PUT, Method::DELETE]),
    ("policy", &[Method::GET, Method::PUT, Method::DELETE]),
    ("replication", &[Method::GET, Method::PUT, Method::DELETE]),
    ("stats", &[Method::GET]),
];

pub(crate) fn route(request: &Request) -> Result<Operation, Error> {
    match request.address.target {
        Target::Service => service(request),
        Target::Bucket { .. } => bucket(request),
        Target::Object { .. } => object(request),
    }
}

fn service(request: &Request) -> Result<Operation, Error> {
    match request.method {
        Method::GET if request.query.has("location") => Err(unserved("location")),
        Method::GET => Ok(Operation::ListBuckets),
        _ => Err(wrong_method(request)),
    }
}

fn bucket(request: &Request) -> Result<Operation, Error> {
    let query = &request.query;
    if query.has("uploads") {
        return match request.method {
            Method::GET => Ok(Operation::ListMultipartUploads),
            _ => Err(wrong_method(request)),
        };
    }
    if query.has("delete") {
        return match request.method {
            Method::POST => Ok(Operation::DeleteMultipleObjects),
            _ => Err(wrong_method(request)),
        };
    }
    if query.has("versioning") {
        return match request.method {
            Method::GET => Ok(Operation::GetBucketVersioning),
            Method::PUT => Ok(Operation::PutBucketVersioning),
            _ => Err(wrong_method(request)),
        };
    }
    if query.has("versions") {
        return match request.method {
            Method::GET => Ok(Operation::ListObjectVersions),
            _ => Err(wrong_method(request)),
        };
    }
    if let Some((name, methods)) = UNSERVED.iter().find(|(name, _)| query.has(name)) {
        return Err(if methods.contains(&request.method) { unserved(name) } else { wrong_method(request) });
    }
    match request.method {
        Method::GET => Ok(Operation::ListObjects),
        Method::PUT => Ok(Operation::PutBucket),
        Method::HEAD => Ok(Operation::HeadBucket),
        Method::DELETE => Ok(Operation::DeleteBucket),
        Method::POST if is_form(request) => Err(unserved("an HTML form")),
        _ => Err(wrong_method(request)),
    }
}

fn object(request: &Request) -> Result<Operation, Error> {
    let query = &request.query;
    let method = &request.method;
    if query.has("uploads") {
        return match *method {
            Method::POST => Ok(Operation::InitiateMultipartUpload),
            _ => Err(wrong_method(request)),
        };
    }
    if query.has("upload_id") {
        return match *method {
            Method::PUT if request.headers.contains_key("x-qs-copy-source") => Ok(Operation::CopyMultipart),
            Method::PUT => Ok(Operation::UploadMultipart),
            Method::GET => Ok(Operation::ListMultipart),
            Method::POST => Ok(Operation::CompleteMultipartUpload),
            Method::DELETE => Ok(Operation::AbortMultipartUpload),
            _ => Err(wrong_method(request)),
        };
    }
    // Were it passed over, the latest version would be replaced or grow instead of the one that is named.
    if query.text("version_id").is_some() && matches!(*method, Method::PUT | Method::POST) {
        return Err(Error::invalid_argument("version_id names a version to read or delete; no version can be written"));
    }
    if query.has("append") {
        return match *method {
            Method::POST => Ok(Operation::AppendObject),
            _ => Err(wrong_method(request)),
        };
    }
    if query.has("image") && method == Method::GET {
        return Err(unserved("image"));
    }
    match *method {
        // Without this a part whose upload_id was forgotten would become the object.
        Method::PUT if query.has("part_number") => {
            Err(Error::invalid_argument("part_number was sent without upload_id"))
        }
        Method::PUT => put(request),
        Method::GET => Ok(Operation::GetObject),
        Method::HEAD => Ok(Operation::HeadObject),
        Method::DELETE => Ok(Operation::DeleteObject),
        Method::OPTIONS => Err(unserved("OPTIONS")),
        Method::POST if is_form(request) => Err(unserved("an HTML form")),
        _ => Err(wrong_method(request)),
    }
}

fn put(request: &Request) -> Result<Operation, Error> {
    // Also where the value is no good: were it taken for no source, an empty body would replace the target.
    let has = |name| request.headers.contains_key(name);
    match (has("x-qs-copy-source"), has("x-qs-move-source")) {
        (true, true) => Err(Error::invalid_argument("an object can be copied or moved, not both")),
        (true, false) => Ok(Operation::CopyObject),
        (false, true) => Ok(Operation::MoveObject),
        (false, false) if has("x-qs-fetch-source") => Err(unserved("x-qs-fetch-source")),
        (false, false) => Ok(Operation::PutObject),
    }
}

fn is_form(request: &Request) -> bool {
    request.header("content-type").is_some_and(|text| text.starts_with("multipart/form-data"))
}

fn unserved(what: &str) -> Error {
    Error::new(Code::NotImplemented, format!("the emulator does not serve {what} yet"))
}

fn wrong_method(request: &Request) -> Error {
    let message = format!("{} is not possible here", request.method);
    Error::new(Code::MethodNotAllowed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Hosts;

    fn routed(method: &str, target: &str) -> Result<Operation, Code> {
        let (parts, ()) = http::Request::builder().method(method).uri(target).body(()).unwrap().into_parts();
        let request = Request::new(parts, &Hosts::new("pek3a", &[])).unwrap();
        route(&request).map_err(|error| error.code())
    }

    #[test]
    fn operations() {
        for (method, target, operation) in [
            ("GET", "/", Operation::ListBuckets),
            ("GET", "/b?prefix=", Operation::ListObjects),
            ("GET", "/b?uploads=", Operation::ListMultipartUploads),
            ("GET", "/b?versions&limit=2", Operation::ListObjectVersions),
            ("GET", "/b?versioning", Operation::GetBucketVersioning),
            ("PUT", "/b/?versioning=", Operation::PutBucketVersioning),
            ("POST", "/b?delete", Operation::DeleteMultipleObjects),
            ("PUT", "/b/", Operation::PutBucket),
            ("PUT", "/b/k", Operation::PutObject),
            ("GET", "/b/k?version_id=1", Operation::GetObject),
            ("DELETE", "/b/k?version_id=1", Operation::DeleteObject),
            ("POST", "/b/k?append&position=0", Operation::AppendObject),
            ("POST", "/b/k?uploads", Operation::InitiateMultipartUpload),
            ("PUT", "/b/k?upload_id=1&part_number=0", Operation::UploadMultipart),
            ("GET", "/b/k?upload_id=1", Operation::ListMultipart),
            ("POST", "/b/k?upload_id=1", Operation::CompleteMultipartUpload),
            ("DELETE", "/b/k?upload_id=1", Operation::AbortMultipartUpload),
        ] {
            assert_eq!(routed(method, target), Ok(operation), "{method} {target}");
        }
    }

    #[test]
    fn a_source_without_a_value_is_still_a_source() {
        for (target, header, operation) in [
            ("/b/k", "x-qs-copy-source", Operation::CopyObject),
            ("/b/k", "x-qs-move-source", Operation::MoveObject),
            ("/b/k?upload_id=1", "x-qs-copy-source", Operation::CopyMultipart),
        ] {
            for value in [&b""[..], b"\xff"] {
                let builder = http::Request::builder().method("PUT").uri(target).header(header, value);
                let (parts, ()) = builder.body(()).unwrap().into_parts();
                let request = Request::new(parts, &Hosts::new("pek3a", &[])).unwrap();
                assert_eq!(route(&request).ok(), Some(operation), "{target} {header}");
            }
        }
    }

    #[test]
    fn what_is_not_served_yet_is_told_from_what_does_not_exist() {
        for (method, target, code) in [
            ("GET", "/b?acl", Code::NotImplemented),
            ("DELETE", "/b?acl", Code::MethodNotAllowed),
            ("GET", "/b?stats", Code::NotImplemented),
            ("POST", "/", Code::MethodNotAllowed),
            ("PATCH", "/b", Code::MethodNotAllowed),
            ("DELETE", "/b?uploads", Code::MethodNotAllowed),
            ("POST", "/b/k", Code::MethodNotAllowed),
            ("DELETE", "/b?versioning", Code::MethodNotAllowed),
            ("PUT", "/b?versions", Code::MethodNotAllowed),
            ("PUT", "/b/k?append&position=0", Code::MethodNotAllowed),
            ("POST", "/b/k?append&position=0&version_id=1", Code::InvalidArgument),
            ("OPTIONS", "/b/k", Code::NotImplemented),
            ("PUT", "/b/k?version_id=1", Code::InvalidArgument),
            ("PUT", "/b/k?part_number=1", Code::InvalidArgument),
        ] {
            assert_eq!(routed(method, target), Err(code), "{method} {target}");
        }
    }
}
