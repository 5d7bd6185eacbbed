use std::time::Duration;

use super::*;
use crate::client::Address;
use crate::operation::RequestEncoder;
use crate::operation::{BucketScope, Operation};
use crate::{Config, Credentials, Secret};

/// An operation on a sub-resource that is not in the list of `sign`.
struct GetSubResource;

impl Operation for GetSubResource {
    type Output = ();
    type Scope = BucketScope;

    const SPEC: OperationSpec = OperationSpec {
        name: "GetSubResource",
        method: Method::GET,
        sub_resources: &["sub-resource"],
        also_success: &[],
        idempotent: true,
        response: ResponseKind::Empty,
    };

    fn encode(self, request: &mut RequestEncoder) {
        request.query("limit", &5_u32);
    }

    fn decode(_: ResponseDecoder) -> Result<()> {
        Ok(())
    }
}

const SECRET: &str = "secret";

const BUCKET: Address<'_> = Address { zone: Some("pek3b"), bucket: Some("bucket"), key: None };

fn client() -> Client {
    Client::new(Config::new("ID", SECRET)).unwrap()
}

fn signature(to_sign: sign::StringToSign) -> String {
    sign::signature(&Secret::from(SECRET), to_sign)
}

#[test]
fn authorization_header_covers_the_sub_resources_of_the_operation() {
    let client = client();
    let call = client.encode(GetSubResource, BUCKET).unwrap();
    let headers = client.headers(&call, Timestamp::from_unix(0).unwrap()).unwrap();
    let expected = signature(sign::string_to_sign(&Method::GET, &headers, "/bucket?sub-resource"));
    let expected = sign::authorization(&Credentials::new("ID", SECRET), &expected);
    assert_eq!(headers[header::AUTHORIZATION], expected);
}

#[test]
fn presigned_url_covers_the_sub_resources_of_the_operation() {
    let link = client().presign(GetSubResource, BUCKET, Duration::from_secs(60)).unwrap();
    let expires = link.expires().as_unix();
    let to_sign = sign::string_to_sign_query(&Method::GET, &HeaderMap::new(), expires, "/bucket?sub-resource");
    let expected = crate::value::encode_query(&signature(to_sign));
    assert!(link.url().ends_with(&format!("&signature={expected}")), "{}", link.url());
}

#[test]
fn futures_of_calls_are_small() {
    let client = client();
    let bucket = crate::QingStor::new(Config::new("ID", SECRET)).unwrap().bucket("bucket", "pek3b");
    // Only the generated method stores the input.
    let input = crate::generated::operations::PutObjectInput::new();
    let limit = size_of_val(&input) + 256;
    let call = bucket.put_object("key", input);
    assert!(size_of_val(&call) <= limit, "{} bytes are moved with the future", size_of_val(&call));
    let call = client.encode(GetSubResource, BUCKET).unwrap();
    let (mut attempts, span) = (client.attempts(), tracing::Span::none());
    let sending = size_of_val(&client.send(&call, &mut attempts));
    let attempt = size_of_val(&client.attempt(&call, 1, client.clock.now(), false, &span));
    // Allocators serve larger blocks more slowly.
    assert!(sending.max(attempt) <= 1 << 10, "{sending} bytes are allocated for a call, {attempt} for an attempt");
}
