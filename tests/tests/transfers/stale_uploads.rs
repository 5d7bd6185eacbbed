//! `Bucket::abort_stale_uploads`, which aborts uploads that were initiated long ago.

use std::time::Duration;

use qingstor_emulator::{Emulator, FaultPlan};
use qingstor_sdk::operations::{InitiateMultipartUploadInput, ListMultipartUploadsInput};
use qingstor_sdk::{Config, QingStor};
use qingstor_tests::{TestBucket, mock_server, open_uploads, retrying_bucket};
use wiremock::ResponseTemplate;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn aborts_only_old_uploads_with_the_prefix() {
    let bucket = TestBucket::start().await.unwrap();
    for key in ["backups/a", "backups/b", "films/c"] {
        bucket.initiate_multipart_upload(key, InitiateMultipartUploadInput::new()).await.unwrap();
    }
    let none = bucket.abort_stale_uploads("backups/", Duration::from_secs(3600)).await.unwrap();
    assert!(none.aborted.is_empty() && none.failed.is_empty());
    let cleaned = bucket.abort_stale_uploads("backups/", Duration::ZERO).await.unwrap();
    let aborted: Vec<_> = cleaned.aborted.iter().map(|upload| upload.key.as_str()).collect();
    assert_eq!(aborted, ["backups/a", "backups/b"]);
    assert!(cleaned.failed.is_empty());
    let open = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap();
    assert_eq!(open.uploads.iter().map(|upload| upload.key.as_str()).collect::<Vec<_>>(), ["films/c"]);
}

#[tokio::test]
async fn age_is_measured_with_the_clock_of_the_server() {
    for days in [30, -30] {
        let plan = FaultPlan::new().clock_offset(days * DAY.as_secs() as i64);
        let test = TestBucket::on(Emulator::builder().faults(plan)).await.unwrap();
        let uploader = retrying_bucket(&test).unwrap();
        let input = InitiateMultipartUploadInput::new();
        let upload_id = uploader.initiate_multipart_upload("key", input).await.unwrap().upload_id;
        // A new client does not know the server's time yet.
        let cleaner = retrying_bucket(&test).unwrap();
        let cleaned = cleaner.abort_stale_uploads("", 7 * DAY).await.unwrap();
        assert!(cleaned.aborted.is_empty() && cleaned.failed.is_empty(), "{days} days: {cleaned:?}");
        assert_eq!(open_uploads(&uploader).await.unwrap(), [upload_id]);
    }
}

#[tokio::test]
async fn upload_whose_key_is_not_utf8_does_not_prevent_aborting_the_others() {
    let uploads = r#"{"uploads": [
        {"key": "a\ud800", "upload_id": "1", "created": "2015-08-16T14:52:12Z"},
        {"key": "b", "upload_id": "2", "created": "2015-08-16T14:52:12Z"}]}"#;
    let list = ResponseTemplate::new(200).set_body_raw(uploads, "application/json");
    let server = mock_server([list, ResponseTemplate::new(204)]).await;
    let account = QingStor::new(Config::new("KEY", "secret").endpoint(server.uri())).unwrap();
    let cleaned = account.bucket("bucket", None).abort_stale_uploads("", DAY).await.unwrap();
    assert_eq!(cleaned.aborted.iter().map(|upload| &*upload.key).collect::<Vec<_>>(), ["b"], "{cleaned:?}");
}
