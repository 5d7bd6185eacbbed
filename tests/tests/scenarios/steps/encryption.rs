//! Steps about objects that are encrypted with a customer's key.

use cucumber::{then, when};
use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, HeadObjectOutput, PutObjectInput, PutObjectOutput};

use super::object::{MEBIBYTE, Received, delete_for_good, receive};
use super::object_sources::source;
use crate::contents::{content, with_suffix};
use crate::scene::Scene;

#[when(regex = r#"^put encryption object "(.+)" with "(.+)", "(.+)", "(.+)"$"#)]
async fn put(scene: &mut Scene, key: String, algorithm: String, customer_key: String, md5: String) {
    let input = PutObjectInput::new()
        .encryption_customer_algorithm(&algorithm)
        .encryption_customer_key(customer_key)
        .encryption_customer_key_md5(md5)
        .body(content(&key, MEBIBYTE));
    let result = scene.bucket().put_object(&key, input).await;
    scene.record("put encryption object", result);
    let output: &PutObjectOutput = scene.answer("put encryption object");
    assert_eq!(output.encryption_customer_algorithm, Some(algorithm));
}

#[when(regex = r#"^copy encryption object "(.+)" with "(.+)", "(.+)", "(.+)"$"#)]
async fn copy(scene: &mut Scene, key: String, algorithm: String, customer_key: String, md5: String) {
    let input = PutObjectInput::new()
        .copy_source(source(scene, &key))
        .copy_source_encryption_customer_algorithm(&algorithm)
        .copy_source_encryption_customer_key(customer_key.clone())
        .copy_source_encryption_customer_key_md5(&md5)
        .encryption_customer_algorithm(algorithm)
        .encryption_customer_key(customer_key)
        .encryption_customer_key_md5(md5);
    let result = scene.bucket().put_object(&with_suffix(&key, "_copy"), input).await;
    scene.record("copy encryption object", result);
}

#[when(regex = r#"^move encryption object with key "(.+)"$"#)]
async fn rename(scene: &mut Scene, key: String) {
    let input = PutObjectInput::new().move_source(source(scene, &with_suffix(&key, "_copy")));
    let result = scene.bucket().put_object(&with_suffix(&key, "_move"), input).await;
    scene.record("move encryption object", result);
}

#[when(regex = r#"^get encryption object "(.+)" with "(.+)", "(.+)", "(.+)"$"#)]
async fn get(scene: &mut Scene, key: String, algorithm: String, customer_key: String, md5: String) {
    let input = GetObjectInput::new()
        .encryption_customer_algorithm(algorithm)
        .encryption_customer_key(customer_key)
        .encryption_customer_key_md5(md5);
    let moved = receive(scene, &with_suffix(&key, "_move"), input.clone()).await.unwrap();
    assert!(moved.content == content(&key, MEBIBYTE), "another content came back for the object that was moved");
    let result = receive(scene, &key, input).await;
    scene.record("get encryption object", result);
    let received: &Received = scene.answer("get encryption object");
    assert!(received.content == content(&key, MEBIBYTE), "another content came back");
}

#[when(regex = r#"^get encryption object "(.+)" without its key$"#)]
async fn get_without_key(scene: &mut Scene, key: String) {
    let result = receive(scene, &key, GetObjectInput::new()).await;
    scene.record("get encryption object", result);
}

#[then(regex = r"^get encryption object content length is (\d+)$")]
fn content_length_is(scene: &mut Scene, expected: usize) {
    assert_eq!(scene.answer::<Received>("get encryption object").content.len(), expected);
}

#[when(regex = r#"^head encryption object with key "(.+)" with "(.+)", "(.+)", "(.+)"$"#)]
async fn head(scene: &mut Scene, key: String, algorithm: String, customer_key: String, md5: String) {
    let input = HeadObjectInput::new()
        .encryption_customer_algorithm(&algorithm)
        .encryption_customer_key(customer_key)
        .encryption_customer_key_md5(md5);
    let result = scene.bucket().head_object(&key, input).await;
    scene.record("head encryption object", result);
    let output: &HeadObjectOutput = scene.answer("head encryption object");
    assert_eq!(output.encryption_customer_algorithm, Some(algorithm));
}

#[when(regex = r#"^delete encryption object "(.+)"$"#)]
async fn delete(scene: &mut Scene, key: String) {
    delete_for_good(scene, "delete encryption object", &key).await;
}

#[when(regex = r#"^delete encryption the move object "(.+)"$"#)]
async fn delete_moved(scene: &mut Scene, key: String) {
    delete_for_good(scene, "delete encryption the move object", &with_suffix(&key, "_move")).await;
}
