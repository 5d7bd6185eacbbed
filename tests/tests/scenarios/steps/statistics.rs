//! Steps about what a bucket holds in all.

use cucumber::{then, when};
use qingstor_sdk::operations::{GetBucketStatisticsInput, GetBucketStatisticsOutput};
use qingstor_sdk::types::BucketStatus;

use crate::scene::Scene;

#[when("get bucket statistics")]
async fn get(scene: &mut Scene) {
    let result = scene.bucket().get_bucket_statistics(GetBucketStatisticsInput::new()).await;
    scene.record("get bucket statistics", result);
}

#[then(regex = r#"^get bucket statistics status is "(.+)"$"#)]
fn status_is(scene: &mut Scene, expected: String) {
    let status = scene.answer::<GetBucketStatisticsOutput>("get bucket statistics").status.as_ref();
    assert_eq!(status.map(BucketStatus::as_str), Some(expected.as_str()));
}

#[then(regex = r"^get bucket statistics are (\d+) objects? of (\d+) bytes together$")]
fn sums_are(scene: &mut Scene, count: u64, size: u64) {
    let output: &GetBucketStatisticsOutput = scene.answer("get bucket statistics");
    assert_eq!((output.count, output.size), (Some(count), Some(size)));
    assert_eq!(output.name.as_deref(), Some(scene.bucket().name()));
}
