//! From method, target and sub-resource to the operation.

use http::Method;

use crate::address::Target;
use crate::error::{Code, Error};
use crate::request::Request;
use crate::served::{Operation, ServedOperation, operations};

/// What exists and is not served, and why.
const UNSERVED: &[(&str, &str, &str)] = &[
    ("GET", "/?location", "does not list zones"),
    ("GET", "/{bucketName}/{objectKey}?image", "does not process images"),
];

pub(crate) fn route(request: &Request) -> Result<Operation, Error> {
    let resource = match request.address.target {
        Target::Service => "/",
        Target::Bucket { .. } => "/{bucketName}",
        Target::Object { .. } => "/{bucketName}/{objectKey}",
    };
    // Wherever it goes: a browser asks about whatever a page wants to send next, a listing or an upload.
    if request.method == Method::OPTIONS && !matches!(request.address.target, Target::Service) {
        return Ok(Operation::OptionsObject);
    }
    let path = match sub_resource(request, resource) {
        Some(name) => format!("{resource}?{name}"),
        None => resource.to_owned(),
    };
    let method = request.method.as_str();
    let is_asked_for = |served: &&ServedOperation| served.method() == method && served.paths().contains(&&*path);
    if let Some(served) = operations().iter().find(is_asked_for) {
        check(served.operation(), request)?;
        return Ok(served.operation());
    }
    match UNSERVED.iter().find(|unserved| unserved.0 == method && unserved.1 == path) {
        Some((_, _, what)) => Err(Error::new(Code::NotImplemented, format!("the emulator {what}"))),
        None => Err(wrong_method(request)),
    }
}

/// The sub-resource that a request names. Of several the first of the table counts.
fn sub_resource(request: &Request, resource: &str) -> Option<&'static str> {
    let served = operations().iter().flat_map(|served| served.paths().iter().copied());
    served
        .chain(UNSERVED.iter().map(|unserved| unserved.1))
        .filter_map(|path| path.strip_prefix(resource)?.strip_prefix('?'))
        .find(|name| request.query.has(name))
}

fn check(operation: Operation, request: &Request) -> Result<(), Error> {
    let query = &request.query;
    // Were it passed over, the latest version would be replaced or grow instead of the one that is named.
    let writes = matches!(operation, Operation::PutObject | Operation::AppendObject | Operation::PostObject);
    if writes && query.text("version_id").is_some() {
        return Err(Error::invalid_argument("version_id names a version to read or delete; no version can be written"));
    }
    if operation == Operation::PostObject && !is_form(request) {
        return Err(wrong_method(request));
    }
    // Without this a part whose upload_id was forgotten would become the object.
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
    let message = format!("{} is not possible here", request.method);
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
        let request = Request::new(parts, &Hosts::new("pek3a", &[])).unwrap();
        route(&request).map_err(|error| error.code())
    }

    #[test]
    fn every_operation_is_reached() {
        let routes = operations().iter().flat_map(|served| served.paths().iter().map(move |path| (served, path)));
        for (served, path) in routes {
            let target = path.replace("{bucketName}", "b").replace("{objectKey}", "k");
            let (method, operation) = (served.method(), served.operation());
            assert_eq!(routed(method, &target), Ok(operation), "{method} {target}");
            let more = if target.contains('?') { "=&limit=1" } else { "?limit=1" };
            assert_eq!(routed(method, &format!("{target}{more}")), Ok(operation), "{method} {target}{more}");
        }
    }

    #[test]
    fn what_comes_from_web_pages() {
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
    fn parameters_are_no_sub_resources() {
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
    fn what_is_not_served_is_told_from_what_does_not_exist() {
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
}
