//! Protects: a checkpoint that does not fit, or is in use, is refused and left alone; one that cannot be written ends
//! nothing; and no upload is left behind that nothing knows of, or that nobody can go on with.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use qingstor_emulator::Emulator;
use qingstor_sdk::types::StorageClass;
use qingstor_sdk::{CustomerKey, ErrorKind, MIB, QingStor, UploadState};
use tokio::sync::Notify;

use super::interrupted::{Interrupted, PART, SIZE, until};

#[tokio::test]
async fn a_file_that_changed_is_refused_and_nothing_is_lost() {
    let interrupted = Interrupted::after(2).await;
    fs::OpenOptions::new().append(true).open(interrupted.file()).unwrap().write_all(b"more").unwrap();
    let before = interrupted.noted();
    let error = interrupted.upload().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert!(matches!(error.upload_state(), Some(UploadState::Refused { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains(&format!("it had {SIZE} bytes and has {}", SIZE + 4)), "{text}");
    assert!(text.contains("db.tar.qsupload") && text.contains(&interrupted.upload_id()), "{text}");
    assert_eq!((interrupted.noted(), interrupted.open_uploads().await), (before, 1));
}

#[tokio::test]
async fn a_file_that_changes_leaves_no_checkpoint() {
    let interrupted = Interrupted::not_begun(Emulator::builder()).await;
    let file = interrupted.file();
    let upload = interrupted.upload().on_progress(move |progress| {
        if progress.parts == 2 {
            fs::write(&file, "something else").unwrap();
        }
    });
    let error = upload.send().await.unwrap_err().to_string();
    assert!(error.contains("changed while it was uploaded") && error.contains("was aborted"), "{error}");
    assert_eq!((interrupted.checkpoint().exists(), interrupted.open_uploads().await), (false, 0));
    interrupted.upload().send().await.unwrap();
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_written_ends_nothing() {
    let interrupted = Interrupted::not_begun(Emulator::builder()).await;
    let uploaded = interrupted.unnoted().send().await.unwrap();
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_upload_whose_checkpoint_was_never_written_is_not_left_behind() {
    let interrupted = Interrupted::not_begun(Emulator::builder()).await;
    fs::create_dir(interrupted.new_checkpoint()).unwrap();
    let error = interrupted.upload().send().await.unwrap_err().to_string();
    assert!(error.contains("db.tar.qsupload could not be written") && error.contains("was aborted"), "{error}");
    assert_eq!(interrupted.open_uploads().await, 0);
    // Dropped between the answer that there is an upload and the file that knows of it.
    interrupted.drop_when(|progress| progress.total_parts.is_some()).await;
    until(async || interrupted.open_uploads().await == 0).await;
}

#[tokio::test]
async fn an_upload_that_was_dropped_while_it_was_begun_is_not_left_behind() {
    let begins = |line: &str| line.starts_with("POST ") && line.contains("?uploads");
    let (interrupted, relay) = Interrupted::before_an_answer(begins).await;
    tokio::select! {
        outcome = interrupted.upload().send() => panic!("it was not interrupted: {outcome:?}"),
        () = relay.wait_until_paused() => {}
    }
    assert_eq!(interrupted.open_uploads().await, 1, "it has begun");
    relay.resume();
    until(async || interrupted.open_uploads().await == 0).await;
    assert!(!interrupted.checkpoint().exists());
}

#[tokio::test]
async fn an_upload_stays_resumable_if_its_checkpoint_cannot_be_rewritten() {
    let interrupted = Interrupted::after(2).await;
    fs::create_dir(interrupted.new_checkpoint()).unwrap();
    interrupted.drop_when(|progress| progress.parts >= 3).await;
    fs::remove_dir(interrupted.new_checkpoint()).unwrap();
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes >= 3 * PART && !uploaded.restarted, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn two_uploads_do_not_share_a_checkpoint() {
    let interrupted = Interrupted::not_begun(Emulator::builder()).await;
    let begun = Arc::new(Notify::new());
    let tell = Arc::clone(&begun);
    let first = interrupted.upload().bandwidth(MIB).on_progress(move |progress| {
        if progress.bytes > 0 {
            tell.notify_one();
        }
    });
    {
        let mut first = Box::pin(first.send());
        tokio::select! {
            outcome = &mut first => panic!("it was not slow: {outcome:?}"),
            () = begun.notified() => {}
        }
        let second = interrupted.upload();
        let error = tokio::select! {
            outcome = &mut first => panic!("it was not slow: {outcome:?}"),
            outcome = second.send() => outcome.unwrap_err().to_string(),
        };
        assert!(error.contains("db.tar.qsupload is in use by another transfer"), "{error}");
        assert_eq!(interrupted.open_uploads().await, 1, "nothing was sent");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(!uploaded.restarted, "{uploaded:?}");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn a_checkpoint_that_does_not_fit_is_refused() {
    let interrupted = Interrupted::after(2).await;
    let other_file = interrupted.folder.path().join("other");
    fs::write(&other_file, &interrupted.bytes).unwrap();
    let on = |key: &str, file: &Path| {
        interrupted.bucket.upload(key).file(file).part_size(PART).checkpoint(interrupted.checkpoint())
    };
    for (upload, kind, problem) in [
        (on("elsewhere", &interrupted.file()), ErrorKind::InvalidInput, "belongs to an upload to key \"key\""),
        (on("key", &other_file), ErrorKind::Body, "it was "),
        (
            interrupted.upload().bytes("x"),
            ErrorKind::InvalidInput,
            "checkpoint is set, but only the upload of a file can be resumed",
        ),
    ] {
        let error = upload.send().await.unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(problem), "{error}");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes > 0, "and it can still be resumed");
    interrupted.assert_whole(&uploaded).await;
}

#[tokio::test]
async fn an_upload_that_began_otherwise_is_not_gone_on_with() {
    let interrupted = Interrupted::after(2).await;
    let elsewhere = format!("http://localhost:{}", interrupted.bucket.emulator().port());
    let elsewhere = QingStor::new(interrupted.bucket.config().endpoint(elsewhere)).unwrap();
    let elsewhere = elsewhere.bucket("bucket", interrupted.bucket.zone()).upload("key").file(interrupted.file());
    let other_zone = interrupted.bucket.account().bucket("bucket", "sh1a").upload("key").file(interrupted.file());
    let key = CustomerKey::aes256([7; 32]);
    for (upload, problem) in [
        (elsewhere.checkpoint(interrupted.checkpoint()), interrupted.bucket.emulator().endpoint()),
        (other_zone.checkpoint(interrupted.checkpoint()), "zone \"pek3a\"".to_owned()),
        (interrupted.upload().content_type("text/csv"), "another value of content_type,".to_owned()),
        (interrupted.upload().metadata("origin", "db1"), "another value of metadata origin,".to_owned()),
        (interrupted.upload().storage_class(StorageClass::StandardIa), "another value of storage_class,".to_owned()),
        (interrupted.upload().encryption(key), "another value of encryption,".to_owned()),
    ] {
        let error = upload.send().await.unwrap_err();
        let text = error.to_string();
        assert!(error.kind() == ErrorKind::InvalidInput && text.contains(&problem), "{text}");
        assert!(text.contains("db.tar.qsupload") && text.contains(&interrupted.upload_id()), "{text}");
    }
    let uploaded = interrupted.upload().send().await.unwrap();
    assert!(uploaded.resumed_bytes > 0, "and it can still be resumed");
    interrupted.assert_whole(&uploaded).await;
}
