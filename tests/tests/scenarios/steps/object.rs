//! Steps about one object: put, get, head and delete.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use cucumber::{given, then, when};
use md5::{Digest, Md5};
use qingstor_sdk::operations::{DeleteObjectInput, GetObjectInput, HeadObjectInput, HeadObjectOutput, PutObjectInput};
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{ResponseInfo, Result};
use qingstor_tests::{PlainRequest, PlainResponse};

use crate::answered::Answered;
use crate::contents::{content, with_suffix};
use crate::scene::Scene;

/// How much is put into an object of which nothing else is said.
pub(crate) const MEBIBYTE: usize = 1024 * 1024;

/// An object as it was received, its stream read to the end.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) content: Vec<u8>,
    pub(crate) content_type: Option<String>,
    pub(crate) content_range: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) response: ResponseInfo,
}

impl Received {
    /// Without anything that describes it.
    pub(crate) fn new(response: ResponseInfo, content: Vec<u8>) -> Self {
        Self { content, content_type: None, content_range: None, metadata: BTreeMap::new(), response }
    }

    /// As a client had it that knows nothing of QingStor.
    pub(crate) fn plain(answer: PlainResponse) -> Self {
        let mut response = ResponseInfo::default();
        response.status = answer.status.try_into().expect("a status");
        Self::new(response, answer.body)
    }
}

impl Answered for Received {
    fn status(&self) -> u16 {
        self.response.status.as_u16()
    }
}

/// Gets an object and reads it to its end.
pub(crate) async fn receive(scene: &Scene, key: &str, input: GetObjectInput) -> Result<Received> {
    let output = scene.bucket().get_object(key, input).await?;
    let content = output.body.bytes().await?.to_vec();
    if let Some(length) = output.content_length {
        assert_eq!(length, content.len() as u64, "Content-Length is another than that of the content");
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
async fn put(scene: &mut Scene, key: String) {
    let input = PutObjectInput::new().content_type("text/plain").body(content(&key, MEBIBYTE));
    let result = scene.bucket().put_object(&key, input).await;
    scene.record("put object", result);
}

#[given(regex = r#"^an object "([^"]+)" with content "(.*)"$"#)]
#[when(regex = r#"^put object "([^"]+)" with content "(.*)"$"#)]
async fn put_content(scene: &mut Scene, key: String, content: String) {
    let result = scene.bucket().put_object(&key, PutObjectInput::new().body(content)).await;
    scene.record("put object", result);
}

#[when(regex = r#"^put object "([^"]+)" in storage class "(.+)"$"#)]
async fn put_in_class(scene: &mut Scene, key: String, class: String) {
    let input = PutObjectInput::new().storage_class(StorageClass::from(class.as_str())).body("content");
    let result = scene.bucket().put_object(&key, input).await;
    scene.record("put object", result);
}

#[when(regex = r#"^put object "([^"]+)" with content "(.*)" that was damaged on its way$"#)]
async fn put_damaged(scene: &mut Scene, key: String, content: String) {
    let digest = base64::engine::general_purpose::STANDARD.encode(Md5::digest("what was meant"));
    let result = scene.bucket().put_object(&key, PutObjectInput::new().content_md5(digest).body(content)).await;
    scene.record("put object", result);
}

#[when(regex = r#"^put object "(.+)" with metadata "(.+)":"(.+)", "(.+)":"(.+)"$"#)]
async fn put_with_metadata(scene: &mut Scene, key: String, name: String, value: String, name2: String, value2: String) {
    let key = with_suffix(&key, "_metadata");
    let input = PutObjectInput::new().metadata(name, value).metadata(name2, value2).body(content(&key, MEBIBYTE));
    let result = scene.bucket().put_object(&key, input).await;
    scene.record("put object with metadata", result);
}

#[when(regex = r#"^get object with key "(.+)"$"#)]
async fn get(scene: &mut Scene, key: String) {
    let result = receive(scene, &key, GetObjectInput::new()).await;
    scene.record("get object", result);
    assert!(scene.answer::<Received>("get object").content == content(&key, MEBIBYTE), "another content came back");
}

#[when(regex = r#"^get object "([^"]+)"$"#)]
async fn get_any(scene: &mut Scene, key: String) {
    let result = receive(scene, &key, GetObjectInput::new()).await;
    scene.record("get object", result);
}

#[when(regex = r#"^get object "(.+)" and check metadata$"#)]
async fn get_metadata(scene: &mut Scene, key: String) {
    let key = with_suffix(&key, "_metadata");
    let result = receive(scene, &key, GetObjectInput::new()).await;
    scene.record("get object", result);
}

#[when(regex = r#"^get object "(.+)" with content type "(.+)"$"#)]
async fn get_with_content_type(scene: &mut Scene, key: String, content_type: String) {
    let result = receive(scene, &key, GetObjectInput::new().response_content_type(content_type)).await;
    scene.record("get object", result);
}

#[when(regex = r#"^get object "(.+)" with query signature$"#)]
async fn get_with_query_signature(scene: &mut Scene, key: String) {
    let link = scene.bucket().presign_object(&key, GetObjectInput::new(), Duration::from_secs(10)).unwrap();
    let answer = PlainRequest::of(&link).send().await.unwrap();
    assert!(answer.body == content(&key, MEBIBYTE), "another content came back: {}", answer.status);
    let received = Received::plain(answer);
    scene.record("get object with query signature", Ok(received));
}

#[then(regex = r"^(get object(?: with query signature)?) content length is (\d+)$")]
fn content_length_is(scene: &mut Scene, named: String, expected: usize) {
    assert_eq!(scene.answer::<Received>(&named).content.len(), expected);
}

#[then(regex = r#"^get object content is "(.*)"$"#)]
fn content_is(scene: &mut Scene, expected: String) {
    let received: &Received = scene.answer("get object");
    assert_eq!(String::from_utf8_lossy(&received.content), expected);
}

#[then(regex = r#"^get object content type is "(.+)"$"#)]
fn content_type_is(scene: &mut Scene, expected: String) {
    assert_eq!(scene.answer::<Received>("get object").content_type, Some(expected));
}

#[then(regex = r#"^get object content range is "(.+)"$"#)]
fn content_range_is(scene: &mut Scene, expected: String) {
    assert_eq!(scene.answer::<Received>("get object").content_range, Some(expected));
}

#[then(regex = r#"^get object metadata is "(.+)":"(.+)", "(.+)":"(.+)"$"#)]
fn metadata_is(scene: &mut Scene, name: String, value: String, name2: String, value2: String) {
    let received: &Received = scene.answer("get object");
    assert_eq!(received.metadata, BTreeMap::from([(name, value), (name2, value2)]));
}

#[then(regex = r#"^get object metadata is "([^"]+)":"([^"]+)" and nothing else$"#)]
fn only_metadata_is(scene: &mut Scene, name: String, value: String) {
    let received: &Received = scene.answer("get object");
    assert_eq!(received.metadata, BTreeMap::from([(name, value)]));
}

#[when(regex = r#"^head object with key "(.+)"$"#)]
async fn head(scene: &mut Scene, key: String) {
    let result = scene.bucket().head_object(&key, HeadObjectInput::new()).await;
    scene.record("head object", result);
}

#[then(regex = r"^head object content length is (\d+)$")]
fn head_content_length_is(scene: &mut Scene, expected: u64) {
    assert_eq!(scene.answer::<HeadObjectOutput>("head object").content_length, Some(expected));
}

#[then(regex = r#"^head object storage class is "(.+)"$"#)]
fn storage_class_is(scene: &mut Scene, expected: String) {
    let class = scene.answer::<HeadObjectOutput>("head object").storage_class.as_ref();
    assert_eq!(class.map(StorageClass::as_str), Some(expected.as_str()));
}

#[when(regex = r#"^delete object "([^"]+)" that may be missing$"#)]
async fn delete_missing(scene: &mut Scene, key: String) {
    let result = scene.bucket().delete_object(&key, DeleteObjectInput::new()).await;
    scene.record("delete object", result);
}

#[when(regex = r#"^delete object with key "(.+)"$"#)]
async fn delete(scene: &mut Scene, key: String) {
    delete_for_good(scene, "delete object", &key).await;
}

#[when(regex = r#"^delete the move object with key "(.+)"$"#)]
async fn delete_moved(scene: &mut Scene, key: String) {
    delete_for_good(scene, "delete the move object", &with_suffix(&key, "_move")).await;
}

#[when(regex = r#"^delete object with metadata and "(.+)"$"#)]
async fn delete_with_metadata(scene: &mut Scene, key: String) {
    delete_for_good(scene, "delete object with metadata", &with_suffix(&key, "_metadata")).await;
}

/// Deletes an object that is there, and sees that it is not afterwards.
pub(crate) async fn delete_for_good(scene: &mut Scene, step: &str, key: &str) {
    let bucket = scene.bucket();
    bucket.head_object(key, HeadObjectInput::new()).await.unwrap();
    let result = bucket.delete_object(key, DeleteObjectInput::new()).await;
    scene.record(step, result);
    assert!(bucket.head_object(key, HeadObjectInput::new()).await.unwrap_err().is_not_found());
}
