//! Steps about the account.

use cucumber::{then, when};
use qingstor_sdk::QingStor;
use qingstor_sdk::operations::{ListBucketsInput, ListBucketsOutput};

use crate::scene::Scene;

#[when("initialize QingStor service")]
fn initialize(scene: &mut Scene) {
    QingStor::new(scene.bucket().config()).unwrap();
}

#[then("the QingStor service is initialized")]
async fn is_initialized(scene: &mut Scene) {
    // Making a client sends nothing: it is one if the server knows it.
    let service = QingStor::new(scene.bucket().config()).unwrap();
    service.list_buckets(ListBucketsInput::new()).await.unwrap();
}

#[when("list buckets")]
async fn list_buckets(scene: &mut Scene) {
    let result = scene.bucket().account().list_buckets(ListBucketsInput::new()).await;
    scene.record("list buckets", result);
}

#[when(regex = r#"^list buckets of zone "(.*)"$"#)]
async fn list_buckets_of_zone(scene: &mut Scene, zone: String) {
    let result = scene.bucket().account().list_buckets(ListBucketsInput::new().location(zone)).await;
    scene.record("list buckets", result);
}

#[when(regex = r"^list buckets from (\d+) on, at most (\d+)$")]
async fn list_some_buckets(scene: &mut Scene, offset: u64, limit: u64) {
    let input = ListBucketsInput::new().offset(offset).limit(limit);
    let result = scene.bucket().account().list_buckets(input).await;
    scene.record("list buckets", result);
}

#[then(regex = r#"^list buckets names are "(.*)"$"#)]
fn names_are(scene: &mut Scene, expected: String) {
    let output: &ListBucketsOutput = scene.answer("list buckets");
    let names: Vec<&str> = output.buckets.iter().map(|bucket| bucket.name.as_str()).collect();
    assert_eq!(names.join(", "), expected);
}
