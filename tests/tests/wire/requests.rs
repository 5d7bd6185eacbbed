//! Snapshots of the request of each operation, with the required fields only and with all fields.
//!
//! The tests check the names, locations, order and encoding of all parts of a request. They also check its signature,
//! which the emulator's independent implementation recomputes. The build script generates the inputs and one test for
//! each operation from the specification, so a new operation is covered automatically.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue};
use qingstor_emulator::signature;
use qingstor_sdk::{Bucket, Config, QingStor, RetryConfig};
use qingstor_tests::{RawRequest, RawServer};

include!(concat!(env!("OUT_DIR"), "/samples.rs"));

const SECRET: &str = "wire-secret";
const KEY: &str = "dir/a key + ü.txt";

/// Sends the sample input of an operation to a server that records it.
async fn capture(operation: &str, full: bool) -> RawRequest {
    let server = RawServer::start(["HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"]).await.unwrap();
    let config = Config::new("WIREKEY", SECRET).endpoint(server.endpoint()).retry(RetryConfig::disabled());
    let account = QingStor::new(config).unwrap();
    let bucket = account.bucket("bucket", "pek3b");
    let error = send_sample(&account, &bucket, operation, full).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400), "{operation}: {error}");
    let mut requests = server.requests();
    assert_eq!(requests.len(), 1, "{operation}");
    requests.remove(0)
}

fn string_to_sign(request: &RawRequest) -> String {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    signature::string_to_sign(&request.method, &request.target, None, &headers, None)
}

/// Returns the value of the authorization header and the string to sign.
///
/// A signed form has no such header. Its value is then composed of the form's fields, and the policy is the string to
/// sign.
fn authorization_and_string_to_sign(request: &RawRequest) -> (Option<String>, String) {
    let body = String::from_utf8_lossy(&request.body);
    let field = |name: &str| {
        let (_, rest) = body.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
        rest.split("\r\n").next()
    };
    match (field("access_key_id"), field("policy"), field("signature")) {
        (Some(id), Some(policy), Some(signature)) => {
            assert_eq!(request.header("authorization"), None, "a signed form must not have this header");
            (Some(format!("QS {id}:{signature}")), policy.to_owned())
        }
        _ => (request.header("authorization").map(str::to_owned), string_to_sign(request)),
    }
}

/// Returns the random boundary between the parts of a form.
fn boundary(request: &RawRequest) -> Option<String> {
    let (_, boundary) = request.header("content-type")?.split_once("multipart/form-data; boundary=")?;
    Some(boundary.to_owned())
}

/// Checks the signature of a request and returns the text of its snapshot, in which values that differ between runs are
/// replaced by placeholders.
fn describe(request: &RawRequest) -> String {
    let (authorization, to_sign) = authorization_and_string_to_sign(request);
    let signed = signature::sign(SECRET, &to_sign);
    assert_eq!(authorization, Some(format!("QS WIREKEY:{signed}")), "{to_sign}");
    assert_eq!(request.header("transfer-encoding"), None, "a request must have a content length instead");

    let date = request.header("date").unwrap().to_owned();
    let mut headers = request.headers.clone();
    headers.sort();
    let mut text = format!("{} {}\n", request.method, request.target);
    for (name, value) in headers {
        let value = match name.as_str() {
            "date" => "<date>".to_owned(),
            "host" => "<host>".to_owned(),
            "user-agent" => "<user agent>".to_owned(),
            "authorization" => "QS WIREKEY:<signature>".to_owned(),
            _ => value,
        };
        writeln!(text, "{name}: {value}").unwrap();
    }
    writeln!(text, "\n{}", String::from_utf8_lossy(&request.body)).unwrap();
    writeln!(text, "--- string to sign\n{}", to_sign.replace(&date, "<date>")).unwrap();
    if let Some(boundary) = boundary(request) {
        // The placeholder has the length of the boundary, because it contributes to the content length.
        text = text.replace(&boundary, &format!("<boundary of {} bytes>", boundary.len()));
    }
    text.replace(&signed, "<signature>").replace('\r', "")
}

/// Compares the requests of an operation with its snapshots. The build script writes a test for each operation, which
/// calls this function.
async fn assert_requests_match_snapshots(operation: &str, sub_resources: &[&str]) {
    for (variant, full) in [("minimal", false), ("full", true)] {
        let request = capture(operation, full).await;
        // `describe` compares the signatures of SDK and emulator. They agree even if both omit a sub-resource.
        let to_sign = string_to_sign(&request);
        let (_, signed) = to_sign.rsplit_once('?').unwrap_or_default();
        for name in sub_resources {
            assert!(signed.split('&').any(|key| key == *name), "{name} is not signed: {to_sign}");
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots/wire" }, {
            insta::assert_snapshot!(format!("{operation}.{variant}"), describe(&request));
        });
    }
}

#[test]
fn futures_of_all_operations_are_send() {
    fn assert_send(_: impl Future + Send) {}
    let account = QingStor::new(Config::new("WIREKEY", SECRET)).unwrap();
    let bucket = account.bucket("bucket", "pek3b");
    assert_send(send_sample(&account, &bucket, "ListBuckets", false));
}
