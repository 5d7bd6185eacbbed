//! The table of operations with their methods, paths and handlers, and the search for the operation of a request.

use http::Method;

use crate::body::RequestBody;
use crate::error::{Code, Error};
use crate::operations::{Call, append, bucket_settings, buckets, listings, multipart, objects, post_object};
use crate::request::Request;
use crate::response::Response;
use crate::settings::{Acl, Cors, Lifecycle, Logging, Mirror, Notifications, Policy, Replication};

/// An operation of the API that the emulator serves.
#[derive(Clone, Copy, Debug)]
pub struct ServedOperation {
    id: &'static str,
    method: &'static str,
    paths: &'static [&'static str],
    operation: Operation,
}

impl ServedOperation {
    /// Returns the `operationId` of the operation in the official specification.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the HTTP method in upper case.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Returns the path in the official documentation, such as `/{bucketName}?acl`. It contains the sub-resource and no
    /// other query parameters.
    pub fn path(&self) -> &'static str {
        self.paths.first().copied().unwrap_or_default()
    }

    /// Returns all paths of the operation. [`path`](Self::path) is the first one.
    pub fn paths(&self) -> &'static [&'static str] {
        self.paths
    }
}

/// Returns the operations that the emulator serves, with their ids in the official specification. For documented
/// operations that it does not serve, the response has status 501 and the code `not_implemented`.
///
/// ```
/// let operations = qingstor_emulator::operations();
/// let acl = operations.iter().find(|operation| operation.id() == "GetBucketACL").unwrap();
/// assert_eq!((acl.method(), acl.path()), ("GET", "/{bucketName}?acl"));
/// ```
pub fn operations() -> &'static [ServedOperation] {
    OPERATIONS
}

macro_rules! routes {
    ($($id:ident $method:literal $($path:literal)+ => $handler:expr,)*) => {
        /// An operation of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Operation { $($id,)* }

        impl Operation {
            pub(crate) fn id(self) -> &'static str {
                match self { $(Self::$id => stringify!($id),)* }
            }

            pub(crate) async fn execute(self, call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
                match self { $(Self::$id => $handler(call, body).await,)* }
            }
        }

        const OPERATIONS: &[ServedOperation] = &[$(
            ServedOperation { id: stringify!($id), method: $method, paths: &[$($path),+], operation: Operation::$id },
        )*];
    };
}

routes! {
    ListBuckets "GET" "/" => buckets::list,

    PutBucket "PUT" "/{bucketName}" => buckets::put,
    ListObjects "GET" "/{bucketName}" => listings::list_objects,
    HeadBucket "HEAD" "/{bucketName}" => buckets::head,
    DeleteBucket "DELETE" "/{bucketName}" => buckets::delete,
    DeleteMultipleObjects "POST" "/{bucketName}?delete" => objects::delete_multiple,
    ListMultipartUploads "GET" "/{bucketName}?uploads" => listings::list_uploads,
    GetBucketStatistics "GET" "/{bucketName}?stats" => buckets::statistics,
    PutBucketVersioning "PUT" "/{bucketName}?versioning" => buckets::put_versioning,
    GetBucketVersioning "GET" "/{bucketName}?versioning" => buckets::get_versioning,
    ListObjectVersions "GET" "/{bucketName}?versions" => listings::list_versions,

    PutBucketACL "PUT" "/{bucketName}?acl" => bucket_settings::put::<Acl>,
    GetBucketACL "GET" "/{bucketName}?acl" => bucket_settings::get_acl,
    PutBucketCORS "PUT" "/{bucketName}?cors" => bucket_settings::put::<Cors>,
    GetBucketCORS "GET" "/{bucketName}?cors" => bucket_settings::get::<Cors>,
    DeleteBucketCORS "DELETE" "/{bucketName}?cors" => bucket_settings::delete::<Cors>,
    PutBucketPolicy "PUT" "/{bucketName}?policy" => bucket_settings::put::<Policy>,
    GetBucketPolicy "GET" "/{bucketName}?policy" => bucket_settings::get::<Policy>,
    DeleteBucketPolicy "DELETE" "/{bucketName}?policy" => bucket_settings::delete::<Policy>,
    PutBucketExternalMirror "PUT" "/{bucketName}?mirror" => bucket_settings::put::<Mirror>,
    GetBucketExternalMirror "GET" "/{bucketName}?mirror" => bucket_settings::get::<Mirror>,
    DeleteBucketExternalMirror "DELETE" "/{bucketName}?mirror" => bucket_settings::delete::<Mirror>,
    PutBucketLogging "PUT" "/{bucketName}?logging" => bucket_settings::put::<Logging>,
    GetBucketLogging "GET" "/{bucketName}?logging" => bucket_settings::get::<Logging>,
    DeleteBucketLogging "DELETE" "/{bucketName}?logging" => bucket_settings::delete::<Logging>,
    PutBucketCNAME "PUT" "/{bucketName}?cname" => bucket_settings::put_cname,
    GetBucketCNAME "GET" "/{bucketName}?cname" => bucket_settings::get_cname,
    DeleteBucketCNAME "DELETE" "/{bucketName}?cname" => bucket_settings::delete_cname,
    PutBucketLifecycle "PUT" "/{bucketName}?lifecycle" => bucket_settings::put::<Lifecycle>,
    GetBucketLifecycle "GET" "/{bucketName}?lifecycle" => bucket_settings::get::<Lifecycle>,
    DeleteBucketLifecycle "DELETE" "/{bucketName}?lifecycle" => bucket_settings::delete::<Lifecycle>,
    PutBucketNotification "PUT" "/{bucketName}?notification" => bucket_settings::put::<Notifications>,
    GetBucketNotification "GET" "/{bucketName}?notification" => bucket_settings::get::<Notifications>,
    DeleteBucketNotification "DELETE" "/{bucketName}?notification" => bucket_settings::delete::<Notifications>,
    PutBucketReplication "PUT" "/{bucketName}?replication" => bucket_settings::put::<Replication>,
    GetBucketReplication "GET" "/{bucketName}?replication" => bucket_settings::get::<Replication>,
    DeleteBucketReplication "DELETE" "/{bucketName}?replication" => bucket_settings::delete::<Replication>,

    PutObject "PUT" "/{bucketName}/{objectKey}" => objects::put,
    GetObject "GET" "/{bucketName}/{objectKey}" => objects::get,
    HeadObject "HEAD" "/{bucketName}/{objectKey}" => objects::head,
    DeleteObject "DELETE" "/{bucketName}/{objectKey}" => objects::delete,
    OptionsObject "OPTIONS" "/{bucketName}/{objectKey}" => objects::options,
    // The documentation has the path of the bucket, the official specification the path of an object.
    PostObject "POST" "/{bucketName}" "/{bucketName}/{objectKey}" => post_object::post,
    AppendObject "POST" "/{bucketName}/{objectKey}?append" => append::append,
    InitiateMultipartUpload "POST" "/{bucketName}/{objectKey}?uploads" => multipart::initiate,
    UploadMultipart "PUT" "/{bucketName}/{objectKey}?upload_id" => multipart::upload_part,
    ListMultipart "GET" "/{bucketName}/{objectKey}?upload_id" => multipart::list_parts,
    CompleteMultipartUpload "POST" "/{bucketName}/{objectKey}?upload_id" => multipart::complete,
    AbortMultipartUpload "DELETE" "/{bucketName}/{objectKey}?upload_id" => multipart::abort,
}

/// Documented operations that the emulator does not serve: method, path, and the end of the error message.
const UNSERVED: &[(&str, &str, &str)] = &[
    ("GET", "/?location", "does not list zones"),
    ("GET", "/{bucketName}/{objectKey}?image", "does not process images"),
];

/// Returns the operation of a request.
pub(crate) fn route(request: &Request) -> Result<Operation, Error> {
    let resource = match (request.address.bucket.as_str(), request.address.key.as_str()) {
        ("", _) => "/",
        (_, "") => "/{bucketName}",
        _ => "/{bucketName}/{objectKey}",
    };
    // A preflight request has the URL of the request that follows it, which can be any operation.
    if request.method == Method::OPTIONS && resource != "/" {
        return Ok(Operation::OptionsObject);
    }
    let path = match sub_resource(request, resource) {
        Some(name) => format!("{resource}?{name}"),
        None => resource.to_owned(),
    };
    let method = request.method.as_str();
    let matches = |route: &&ServedOperation| route.method == method && route.paths.contains(&&*path);
    if let Some(route) = OPERATIONS.iter().find(matches) {
        check(route.operation, request)?;
        return Ok(route.operation);
    }
    match UNSERVED.iter().find(|route| route.0 == method && route.1 == path) {
        Some((_, _, reason)) => Err(Error::new(Code::NotImplemented, format!("the emulator {reason}"))),
        None => Err(wrong_method(request)),
    }
}

/// Returns the sub-resource in the query of a request. If the query has several, the first one in the table counts.
fn sub_resource(request: &Request, resource: &str) -> Option<&'static str> {
    let served = OPERATIONS.iter().flat_map(|route| route.paths.iter().copied());
    served
        .chain(UNSERVED.iter().map(|route| route.1))
        .filter_map(|path| path.strip_prefix(resource)?.strip_prefix('?'))
        .find(|name| request.query.has(name))
}

/// Checks query parameters and headers that distinguish similar operations.
fn check(operation: Operation, request: &Request) -> Result<(), Error> {
    let query = &request.query;
    // If the parameter were ignored, the request would change the latest version instead of the one that it names.
    let writes = matches!(operation, Operation::PutObject | Operation::AppendObject | Operation::PostObject);
    if writes && query.text("version_id").is_some() {
        return Err(Error::invalid_argument("version_id is not possible here, because versions cannot be overwritten"));
    }
    if operation == Operation::PostObject && !is_form(request) {
        return Err(wrong_method(request));
    }
    // Without this check, a part that is sent without upload_id would be stored as the object.
    if operation == Operation::PutObject && query.has("part_number") {
        return Err(Error::invalid_argument("part_number was sent without upload_id"));
    }
    Ok(())
}

fn is_form(request: &Request) -> bool {
    let media_type = request.header("content-type").and_then(|text| text.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("multipart/form-data")
}

fn wrong_method(request: &Request) -> Error {
    let message = format!("the method {} is not possible for this path and query", request.method);
    Error::new(Code::MethodNotAllowed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Hosts;

    fn routed(method: &str, target: &str) -> Result<Operation, Code> {
        let form = "multipart/form-data; boundary=x";
        routed_as(if method == "POST" { form } else { "text/plain" }, method, target)
    }

    fn routed_as(content_type: &str, method: &str, target: &str) -> Result<Operation, Code> {
        let builder = http::Request::builder().method(method).uri(target).header("content-type", content_type);
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        let request = Request::new(parts, &Hosts::new("pek3a", &[]), |_| None).unwrap();
        route(&request).map_err(|error| error.code)
    }

    #[test]
    fn every_operation_has_a_route() {
        let routes = operations().iter().flat_map(|served| served.paths().iter().map(move |path| (served, path)));
        for (served, path) in routes {
            let target = path.replace("{bucketName}", "b").replace("{objectKey}", "k");
            let (method, operation) = (served.method(), served.operation);
            assert_eq!(routed(method, &target), Ok(operation), "{method} {target}");
            let more = if target.contains('?') { "=&limit=1" } else { "?limit=1" };
            assert_eq!(routed(method, &format!("{target}{more}")), Ok(operation), "{method} {target}{more}");
        }
    }

    #[test]
    fn routes_preflight_requests_and_forms() {
        for target in ["/b", "/b/k", "/b?uploads", "/b/k?uploads", "/b/k?image"] {
            assert_eq!(routed("OPTIONS", target), Ok(Operation::OptionsObject), "{target}");
        }
        assert_eq!(routed("OPTIONS", "/"), Err(Code::MethodNotAllowed));
        for form in ["multipart/form-data", "Multipart/Form-Data; boundary=x"] {
            for target in ["/b", "/b/", "/b/k"] {
                assert_eq!(routed_as(form, "POST", target), Ok(Operation::PostObject), "{form} {target}");
            }
            assert_eq!(routed_as(form, "POST", "/b?delete"), Ok(Operation::DeleteMultipleObjects));
        }
        for other in ["", "text/plain", "multipart/form-data2", "application/x-www-form-urlencoded"] {
            for target in ["/b", "/b/k"] {
                assert_eq!(routed_as(other, "POST", target), Err(Code::MethodNotAllowed), "{other} {target}");
            }
        }
    }

    #[test]
    fn ignores_query_parameters_that_are_not_sub_resources() {
        for (method, target, operation) in [
            ("GET", "/b?prefix=", Operation::ListObjects),
            ("PUT", "/b/", Operation::PutBucket),
            ("PUT", "/b/k?upload_id=1&part_number=0", Operation::UploadMultipart),
            ("GET", "/b/k?upload_id=1&part_number_marker=0", Operation::ListMultipart),
            ("GET", "/b/k?version_id=", Operation::GetObject),
            ("GET", "/b/k?version_id=1", Operation::GetObject),
            ("DELETE", "/b/k?version_id=1", Operation::DeleteObject),
            ("POST", "/b/k?append&position=0", Operation::AppendObject),
        ] {
            assert_eq!(routed(method, target), Ok(operation), "{method} {target}");
        }
    }

    #[test]
    fn distinguishes_unserved_from_unknown_operations() {
        for (method, target, code) in [
            ("GET", "/?location", Code::NotImplemented),
            ("PUT", "/b?versions", Code::MethodNotAllowed),
            ("DELETE", "/b?versioning", Code::MethodNotAllowed),
            ("GET", "/b/k?image&action=info", Code::NotImplemented),
            ("PUT", "/b/k?image", Code::MethodNotAllowed),
            ("POST", "/", Code::MethodNotAllowed),
            ("PATCH", "/b", Code::MethodNotAllowed),
            ("DELETE", "/b?uploads", Code::MethodNotAllowed),
            ("PUT", "/b/k?append&position=0", Code::MethodNotAllowed),
            ("POST", "/b/k?append&position=0&version_id=1", Code::InvalidArgument),
            ("PUT", "/b/k?version_id=1", Code::InvalidArgument),
            ("POST", "/b?version_id=1", Code::InvalidArgument),
            ("POST", "/b/k?version_id=1", Code::InvalidArgument),
            ("PUT", "/b/k?part_number=1", Code::InvalidArgument),
        ] {
            assert_eq!(routed(method, target), Err(code), "{method} {target}");
        }
    }

    #[test]
    fn every_id_and_every_route_is_unique() {
        for (index, one) in operations().iter().enumerate() {
            for other in &operations()[index + 1..] {
                assert_ne!(one.id, other.id);
                let is_shared = one.paths.iter().any(|path| other.paths.contains(path));
                assert!(one.method != other.method || !is_shared, "{} and {}", one.id, other.id);
            }
        }
    }
}
