//! Steps that put, get, head and delete an object.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{PlainRequest, PlainResponse};
use base64::Engine;
use cucumber::{given, then, when};
use md5::{Digest, Md5};
use qingstor_sdk::operations::{DeleteObjectInput, GetObjectInput, HeadObjectInput, HeadObjectOutput, PutObjectInput};
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{ResponseInfo, Result};

use super::{content, with_suffix};
use crate::scenarios::context::Context;
use crate::scenarios::has_status::HasStatus;

pub(crate) const MEBIBYTE: usize = 1024 * 1024;
/// Size, in bytes, of an object whose content the step does not specify.
pub(crate) const DEFAULT_SIZE: usize = MEBIBYTE;

/// The output of GetObject after the body was read.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) content: Vec<u8>,
    pub(crate) content_type: Option<String>,
    pub(crate) content_range: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) response: ResponseInfo,
}

impl Received {
    /// Creates a value with the given content and without content type, range and metadata.
    pub(crate) fn new(response: ResponseInfo, content: Vec<u8>) -> Self {
        Self { content, content_type: None, content_range: None, metadata: BTreeMap::new(), response }
    }

    /// Converts the response that a plain HTTP client received.
    pub(crate) fn from_plain(plain: PlainResponse) -> Self {
        let mut response = ResponseInfo::default();
        response.status = plain.status.try_into().expect("invalid status");
        Self::new(response, plain.body)
    }
}

impl HasStatus for Received {
    fn status(&self) -> u16 {
        self.response.status.as_u16()
    }
}

/// Gets an object and reads its body.
pub(crate) async fn receive(context: &Context, key: &str, input: GetObjectInput) -> Result<Received> {
    let output = context.bucket().get_object(key, input).await?;
    let content = output.body.bytes().await?.to_vec();
    if let Some(length) = output.content_length {
        assert_eq!(length, content.len() as u64, "Content-Length differs from the length of the body");
    }
    Ok(Received {
        content,
        content_type: output.content_type,
        content_range: output.content_range,
        metadata: output.metadata,
        response: output.response,
    })
}

#[when(regex = r#"^put object with key "(.+)"$"#)]
async fn put(context: &mut Context, key: String) {
    let input = PutObjectInput::new().content_type("text/plain").body(content(&key, DEFAULT_SIZE));
    let result = context.bucket().put_object(&key, input).await;
    context.record("put object", result);
}

#[given(regex = r#"^an object "([^"]+)" with content "(.*)"$"#)]
#[when(regex = r#"^put object "([^"]+)" with content "(.*)"$"#)]
async fn put_content(context: &mut Context, key: String, content: String) {
    let result = context.bucket().put_object(&key, PutObjectInput::new().body(content)).await;
    context.record("put object", result);
}

#[when(regex = r#"^put object "([^"]+)" in storage class "(.+)"$"#)]
async fn put_in_class(context: &mut Context, key: String, class: String) {
    let input = PutObjectInput::new().storage_class(StorageClass::from(class.as_str())).body("content");
    let result = context.bucket().put_object(&key, input).await;
    context.record("put object", result);
}

#[when(regex = r#"^put object "([^"]+)" with content "(.*)" and the MD5 of other content$"#)]
async fn put_with_wrong_md5(context: &mut Context, key: String, content: String) {
    let digest = base64::engine::general_purpose::STANDARD.encode(Md5::digest("other content"));
    let result = context.bucket().put_object(&key, PutObjectInput::new().content_md5(digest).body(content)).await;
    context.record("put object", result);
}

#[when(regex = r#"^put object "(.+)" with metadata "(.+)":"(.+)", "(.+)":"(.+)"$"#)]
async fn put_with_metadata(
    context: &mut Context,
    key: String,
    name: String,
    value: String,
    name2: String,
    value2: String,
) {
    let key = with_suffix(&key, "_metadata");
    let input = PutObjectInput::new().metadata(name, value).metadata(name2, value2).body(content(&key, DEFAULT_SIZE));
    let result = context.bucket().put_object(&key, input).await;
    context.record("put object with metadata", result);
}

#[when(regex = r#"^get object with key "(.+)"$"#)]
async fn get(context: &mut Context, key: String) {
    let result = receive(context, &key, GetObjectInput::new()).await;
    context.record("get object", result);
    assert!(
        context.output::<Received>("get object").content == content(&key, DEFAULT_SIZE),
        "the object has other content"
    );
}

#[when(regex = r#"^get object "([^"]+)"$"#)]
async fn get_without_check(context: &mut Context, key: String) {
    let result = receive(context, &key, GetObjectInput::new()).await;
    context.record("get object", result);
}

#[when(regex = r#"^get object "(.+)" and check metadata$"#)]
async fn get_metadata(context: &mut Context, key: String) {
    let key = with_suffix(&key, "_metadata");
    let result = receive(context, &key, GetObjectInput::new()).await;
    context.record("get object", result);
}

#[when(regex = r#"^get object "(.+)" with content type "(.+)"$"#)]
async fn get_with_content_type(context: &mut Context, key: String, content_type: String) {
    let result = receive(context, &key, GetObjectInput::new().response_content_type(content_type)).await;
    context.record("get object", result);
}

#[when(regex = r#"^get object "(.+)" with query signature$"#)]
async fn get_with_query_signature(context: &mut Context, key: String) {
    let presigned = context.bucket().presign_object(&key, GetObjectInput::new(), Duration::from_secs(10)).unwrap();
    let response = context.bucket().send(&PlainRequest::of(&presigned)).await.unwrap();
    assert!(response.body == content(&key, DEFAULT_SIZE), "the object has other content, status {}", response.status);
    let received = Received::from_plain(response);
    context.record("get object with query signature", Ok(received));
}

#[then(regex = r"^(get object(?: with query signature)?) content length is (\d+)$")]
fn content_length_is(context: &mut Context, name: String, expected: usize) {
    assert_eq!(context.output::<Received>(&name).content.len(), expected);
}

#[then(regex = r#"^get object content is "(.*)"$"#)]
fn content_is(context: &mut Context, expected: String) {
    let received: &Received = context.output("get object");
    assert_eq!(String::from_utf8_lossy(&received.content), expected);
}

#[then(regex = r#"^get object content type is "(.+)"$"#)]
fn content_type_is(context: &mut Context, expected: String) {
    assert_eq!(context.output::<Received>("get object").content_type, Some(expected));
}

#[then(regex = r#"^get object content range is "(.+)"$"#)]
fn content_range_is(context: &mut Context, expected: String) {
    assert_eq!(context.output::<Received>("get object").content_range, Some(expected));
}

#[then(regex = r#"^get object metadata is "(.+)":"(.+)", "(.+)":"(.+)"$"#)]
fn metadata_is(context: &mut Context, name: String, value: String, name2: String, value2: String) {
    let received: &Received = context.output("get object");
    assert_eq!(received.metadata, BTreeMap::from([(name, value), (name2, value2)]));
}

#[then(regex = r#"^get object metadata is "([^"]+)":"([^"]+)" and nothing else$"#)]
fn only_metadata_is(context: &mut Context, name: String, value: String) {
    let received: &Received = context.output("get object");
    assert_eq!(received.metadata, BTreeMap::from([(name, value)]));
}

#[when(regex = r#"^head object with key "(.+)"$"#)]
async fn head(context: &mut Context, key: String) {
    let result = context.bucket().head_object(&key, HeadObjectInput::new()).await;
    context.record("head object", result);
}

#[then(regex = r"^head object content length is (\d+)$")]
fn head_content_length_is(context: &mut Context, expected: u64) {
    assert_eq!(context.output::<HeadObjectOutput>("head object").content_length, Some(expected));
}

#[then(regex = r#"^head object storage class is "(.+)"$"#)]
fn storage_class_is(context: &mut Context, expected: String) {
    let class = context.output::<HeadObjectOutput>("head object").storage_class.as_ref();
    assert_eq!(class.map(StorageClass::as_str), Some(expected.as_str()));
}

#[when(regex = r#"^delete object "([^"]+)"$"#)]
async fn delete_without_check(context: &mut Context, key: String) {
    let result = context.bucket().delete_object(&key, DeleteObjectInput::new()).await;
    context.record("delete object", result);
}

#[when(regex = r#"^delete object with key "(.+)"$"#)]
async fn delete(context: &mut Context, key: String) {
    delete_existing(context, "delete object", &key).await;
}

#[when(regex = r#"^delete the move object with key "(.+)"$"#)]
async fn delete_moved(context: &mut Context, key: String) {
    delete_existing(context, "delete the move object", &with_suffix(&key, "_move")).await;
}

#[when(regex = r#"^delete object with metadata and "(.+)"$"#)]
async fn delete_with_metadata(context: &mut Context, key: String) {
    delete_existing(context, "delete object with metadata", &with_suffix(&key, "_metadata")).await;
}

/// Deletes an object. Asserts that it existed and that it is missing afterwards.
pub(crate) async fn delete_existing(context: &mut Context, step: &str, key: &str) {
    let bucket = context.bucket();
    bucket.head_object(key, HeadObjectInput::new()).await.unwrap();
    let result = bucket.delete_object(key, DeleteObjectInput::new()).await;
    context.record(step, result);
    assert!(bucket.head_object(key, HeadObjectInput::new()).await.unwrap_err().is_not_found());
}
