//! Transfers of whole objects: uploads, downloads and copies, with faults, cancellation, resuming and killed processes.

use qingstor_sdk::Bucket;

mod archives;
mod cancellation;
mod changing_sources;
mod completion;
mod copies;
mod copy_verification;
mod corruption;
mod damaged_downloads;
mod downloads;
mod dropped;
mod false_success;
mod faulty_downloads;
mod faulty_reads;
mod faulty_uploads;
mod killed_downloads;
mod killed_uploads;
mod local_files;
mod named_pipes;
mod refused_connections;
mod resume;
mod retries_disabled;
mod slow_connections;
mod stale_uploads;
mod stalled_servers;
mod streams;
mod support;
mod unexpected_responses;
mod unwritable_targets;
mod uploads;
mod writers;

#[test]
fn transfer_futures_are_send() {
    fn assert_send<T: Send>(_: impl Fn(Bucket) -> T) {}
    assert_send(|bucket| bucket.upload("key").send());
    assert_send(|bucket| bucket.download("key").send());
    assert_send(|bucket| bucket.copy("/bucket/key", "key").send());
}
