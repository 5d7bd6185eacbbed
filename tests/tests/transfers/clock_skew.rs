//! Uploads to a server whose clock is an hour off, or many.
//!
//! Protects: an upload in parts whose completion's answer is lost is known to have succeeded, by its tag or, without one,
//! by the server's own time; and how old an upload is, that time says too.

use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::{GetObjectInput, InitiateMultipartUploadInput};
use qingstor_sdk::{Bucket, Checksum, MIB};
use qingstor_tests::{TestBucket, content, open_uploads, retrying_bucket};

const PART: u64 = 4 * MIB;

async fn read(bucket: &Bucket, key: &str) -> Vec<u8> {
    let object = bucket.get_object(key, GetObjectInput::new()).await.unwrap();
    object.body.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_lost_answer_to_completion_is_settled_by_the_servers_own_time() {
    for seconds in [3600, -3600] {
        for checksum in [Some(Checksum::Md5), None] {
            let lost = FaultRule::new(Fault::LoseAnswer).operation("CompleteMultipartUpload").count(1);
            let plan = FaultPlan::new().clock_offset(seconds).rule(lost);
            let test = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
            // A client that does not know what time it is there.
            let bucket = retrying_bucket(&test).unwrap();
            let bytes = content(2 * PART + 77, 1);
            let upload = bucket.upload("key").bytes(bytes.clone()).part_size(PART).checksum(checksum);
            let uploaded = upload.send().await.unwrap_or_else(|error| panic!("{seconds} s, {checksum:?}: {error}"));
            assert_eq!((uploaded.size, uploaded.parts), (bytes.len() as u64, 3));
            assert_eq!(test.emulator().faults_fired(), [1]);
            assert!(read(&bucket, "key").await == bytes);
            assert!(open_uploads(&bucket).await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn stale_uploads_are_judged_by_the_servers_clock() {
    const DAY: i64 = 24 * 3600;
    for days in [30, -30] {
        let plan = FaultPlan::new().clock_offset(days * DAY);
        let test = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
        let upload = retrying_bucket(&test).unwrap();
        let begun = upload.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await.unwrap();
        // One that does not know what time it is there.
        let another = retrying_bucket(&test).unwrap();
        let cleaned = another.abort_stale_uploads("", Duration::from_secs(7 * 24 * 3600)).await.unwrap();
        assert!(cleaned.aborted.is_empty() && cleaned.failed.is_empty(), "{days} days: {cleaned:?}");
        assert_eq!(open_uploads(&upload).await.unwrap(), [begun.upload_id]);
    }
}
