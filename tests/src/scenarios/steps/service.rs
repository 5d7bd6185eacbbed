//! Steps about the account.

use cucumber::{then, when};
use qingstor_sdk::QingStor;
use qingstor_sdk::operations::{ListBucketsInput, ListBucketsOutput};

use crate::scenarios::context::Context;

#[when("initialize QingStor service")]
fn initialize(context: &mut Context) {
    QingStor::new(context.bucket().config()).unwrap();
}

#[then("the QingStor service is initialized")]
async fn is_initialized(context: &mut Context) {
    // Creating a client sends no request, so this request checks that the server accepts its configuration.
    let service = QingStor::new(context.bucket().config()).unwrap();
    service.list_buckets(ListBucketsInput::new()).await.unwrap();
}

#[when("list buckets")]
async fn list_buckets(context: &mut Context) {
    let result = context.bucket().account().list_buckets(ListBucketsInput::new()).await;
    context.record("list buckets", result);
}

#[when(regex = r#"^list buckets in zone "(.*)"$"#)]
async fn list_buckets_in_zone(context: &mut Context, zone: String) {
    let result = context.bucket().account().list_buckets(ListBucketsInput::new().location(zone)).await;
    context.record("list buckets", result);
}

#[when(regex = r"^list buckets with offset (\d+) and limit (\d+)$")]
async fn list_buckets_with_offset(context: &mut Context, offset: u64, limit: u64) {
    let input = ListBucketsInput::new().offset(offset).limit(limit);
    let result = context.bucket().account().list_buckets(input).await;
    context.record("list buckets", result);
}

#[then(regex = r#"^list buckets names are "(.*)"$"#)]
fn names_are(context: &mut Context, expected: String) {
    let output: &ListBucketsOutput = context.output("list buckets");
    let names: Vec<&str> = output.buckets.iter().map(|bucket| bucket.name.as_str()).collect();
    assert_eq!(names.join(", "), expected);
}
