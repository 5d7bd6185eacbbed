//! Steps about the statistics of a bucket.

use cucumber::{then, when};
use qingstor_sdk::operations::{GetBucketStatisticsInput, GetBucketStatisticsOutput};
use qingstor_sdk::types::BucketStatus;

use crate::scenarios::context::Context;

#[when("get bucket statistics")]
async fn get(context: &mut Context) {
    let result = context.bucket().get_bucket_statistics(GetBucketStatisticsInput::new()).await;
    context.record("get bucket statistics", result);
}

#[then(regex = r#"^get bucket statistics status is "(.+)"$"#)]
fn status_is(context: &mut Context, expected: String) {
    let status = context.output::<GetBucketStatisticsOutput>("get bucket statistics").status.as_ref();
    assert_eq!(status.map(BucketStatus::as_str), Some(expected.as_str()));
}

#[then(regex = r"^get bucket statistics count is (\d+) and size is (\d+)$")]
fn count_and_size_are(context: &mut Context, count: u64, size: u64) {
    let output: &GetBucketStatisticsOutput = context.output("get bucket statistics");
    assert_eq!((output.count, output.size), (Some(count), Some(size)));
    assert_eq!(output.name.as_deref(), Some(context.bucket().name()));
}
