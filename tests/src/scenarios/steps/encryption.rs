//! Steps that use objects encrypted with a customer key.

use cucumber::{then, when};
use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, HeadObjectOutput, PutObjectInput, PutObjectOutput};

use super::object::{DEFAULT_SIZE, Received, delete_existing, receive};
use super::object_sources::source;
use super::{content, with_suffix};
use crate::scenarios::context::Context;

#[when(regex = r#"^put encryption object "(.+)" with "(.+)", "(.+)", "(.+)"$"#)]
async fn put(context: &mut Context, key: String, algorithm: String, customer_key: String, md5: String) {
    let input = PutObjectInput::new()
        .encryption_customer_algorithm(&algorithm)
        .encryption_customer_key(customer_key)
        .encryption_customer_key_md5(md5)
        .body(content(&key, DEFAULT_SIZE));
    let result = context.bucket().put_object(&key, input).await;
    context.record("put encryption object", result);
    let output: &PutObjectOutput = context.output("put encryption object");
    assert_eq!(output.encryption_customer_algorithm, Some(algorithm));
}

#[when(regex = r#"^copy encryption object "(.+)" with "(.+)", "(.+)", "(.+)"$"#)]
async fn copy(context: &mut Context, key: String, algorithm: String, customer_key: String, md5: String) {
    let input = PutObjectInput::new()
        .copy_source(source(context, &key))
        .copy_source_encryption_customer_algorithm(&algorithm)
        .copy_source_encryption_customer_key(customer_key.clone())
        .copy_source_encryption_customer_key_md5(&md5)
        .encryption_customer_algorithm(algorithm)
        .encryption_customer_key(customer_key)
        .encryption_customer_key_md5(md5);
    let result = context.bucket().put_object(&with_suffix(&key, "_copy"), input).await;
    context.record("copy encryption object", result);
}

#[when(regex = r#"^move encryption object with key "(.+)"$"#)]
async fn move_object(context: &mut Context, key: String) {
    let input = PutObjectInput::new().move_source(source(context, &with_suffix(&key, "_copy")));
    let result = context.bucket().put_object(&with_suffix(&key, "_move"), input).await;
    context.record("move encryption object", result);
}

#[when(regex = r#"^get encryption object "(.+)" with "(.+)", "(.+)", "(.+)"$"#)]
async fn get(context: &mut Context, key: String, algorithm: String, customer_key: String, md5: String) {
    let input = GetObjectInput::new()
        .encryption_customer_algorithm(algorithm)
        .encryption_customer_key(customer_key)
        .encryption_customer_key_md5(md5);
    let moved = receive(context, &with_suffix(&key, "_move"), input.clone()).await.unwrap();
    assert!(moved.content == content(&key, DEFAULT_SIZE), "the moved object has other content");
    let result = receive(context, &key, input).await;
    context.record("get encryption object", result);
    let received: &Received = context.output("get encryption object");
    assert!(received.content == content(&key, DEFAULT_SIZE), "the object has other content");
}

#[when(regex = r#"^get encryption object "(.+)" without a customer key$"#)]
async fn get_without_key(context: &mut Context, key: String) {
    let result = receive(context, &key, GetObjectInput::new()).await;
    context.record("get encryption object", result);
}

#[then(regex = r"^get encryption object content length is (\d+)$")]
fn content_length_is(context: &mut Context, expected: usize) {
    assert_eq!(context.output::<Received>("get encryption object").content.len(), expected);
}

#[when(regex = r#"^head encryption object with key "(.+)" with "(.+)", "(.+)", "(.+)"$"#)]
async fn head(context: &mut Context, key: String, algorithm: String, customer_key: String, md5: String) {
    let input = HeadObjectInput::new()
        .encryption_customer_algorithm(&algorithm)
        .encryption_customer_key(customer_key)
        .encryption_customer_key_md5(md5);
    let result = context.bucket().head_object(&key, input).await;
    context.record("head encryption object", result);
    let output: &HeadObjectOutput = context.output("head encryption object");
    assert_eq!(output.encryption_customer_algorithm, Some(algorithm));
}

#[when(regex = r#"^delete encryption object "(.+)"$"#)]
async fn delete(context: &mut Context, key: String) {
    delete_existing(context, "delete encryption object", &key).await;
}

#[when(regex = r#"^delete encryption the move object "(.+)"$"#)]
async fn delete_moved(context: &mut Context, key: String) {
    delete_existing(context, "delete encryption the move object", &with_suffix(&key, "_move")).await;
}
