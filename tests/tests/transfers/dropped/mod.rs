//! Transfers that are dropped before their end, after each poll and at each report of progress.
//!
//! After the future of a transfer is dropped, only the abort of its upload may still run. An upload with a checkpoint
//! is not aborted, so that it can be resumed. A dropped download does not change its target.

mod server;
mod stalled;

use std::future::poll_fn;
use std::io::Cursor;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::{fmt, fs};

use qingstor_emulator::Emulator;
use qingstor_sdk::{Bucket, MIB, Result, TransferProgress, Upload, Uploaded};
use qingstor_tests::{Random, TestBucket, content, open_uploads};
use serde_json::Value;
use tokio::task::yield_now;

use self::server::Server;
use crate::support::{PART, drop_when, file_names, progress_signal, run_until, wait_until};

const SIZE: u64 = 2 * PART + 1234;

/// The point at which a transfer is dropped.
#[derive(Clone, Copy)]
enum DropPoint {
    /// After this number of polls.
    Polls(u64),
    /// At this call of the progress callback, counted from 0.
    Progress(u64),
}

impl fmt::Display for DropPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polls(polls) => write!(f, "after {polls} polls"),
            Self::Progress(calls) => write!(f, "at progress {calls}"),
        }
    }
}

type Callback = Box<dyn Fn(TransferProgress) + Send + Sync>;

impl DropPoint {
    /// Runs a transfer up to this point. Returns `None` if the transfer was dropped, or its outcome if it ended before.
    async fn run<T>(self, transfer: impl AsyncFnOnce(Callback) -> T) -> Option<T> {
        let (calls, polls) = match self {
            Self::Polls(polls) => (u64::MAX, polls),
            Self::Progress(calls) => (calls, u64::MAX),
        };
        let seen = AtomicU64::new(0);
        let (callback, reached) = progress_signal(move |_| seen.fetch_add(1, Ordering::Relaxed) == calls);
        run_until(reached, poll_at_most(polls, transfer(Box::new(callback)))).await.flatten()
    }
}

/// Polls `future` at most this number of times. Returns `None` if it did not complete, and drops it.
async fn poll_at_most<T>(max_polls: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|context| {
        if polls == max_polls {
            return Poll::Ready(None);
        }
        polls += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => {
                if polls == max_polls {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    })
    .await
}

/// Calls `is_dropped` with 0, 1, 2 and more polls until it returns false because the transfer ended before it was
/// dropped. Then does the same with every `step`-th progress report.
///
/// Returns the number of drop points of each kind.
fn at_every_drop_point(step: u64, mut is_dropped: impl FnMut(DropPoint) -> bool) -> [u64; 2] {
    let polls = (0..).find(|polls| !is_dropped(DropPoint::Polls(*polls))).unwrap();
    let reports = (0..).find(|reports| !is_dropped(DropPoint::Progress(reports * step))).unwrap();
    println!("dropped after up to {polls} polls and at {reports} reports of progress");
    [polls, reports]
}

fn upload(bucket: &Bucket, bytes: &[u8]) -> Upload {
    bucket.upload("key").bytes(bytes.to_vec()).part_size(PART).concurrency(2)
}

#[test]
fn upload_dropped_at_any_point_is_aborted() {
    let (server, bytes) = (Server::start(Emulator::builder()), content(SIZE, 1));
    let bytes = &bytes;
    let points = at_every_drop_point(3, |point| {
        let outcome = server.run_client(|bucket| {
            point.run(async move |callback| upload(&bucket, bytes).on_progress(callback).send().await)
        });
        assert_eq!(server.open_uploads(), [""; 0], "dropped {point}");
        outcome.map(Result::unwrap).is_none()
    });
    assert!(server.read("key") == content(SIZE, 1));
    assert!(points.iter().all(|points| *points > 4), "{points:?}");
}

#[test]
fn upload_dropped_at_any_turn_of_the_runtime_is_aborted() {
    let (server, bytes) = (Server::start(Emulator::builder()), content(SIZE, 1));
    let bytes = &bytes;
    let drop_after = |max_turns: u64, from_reader: bool| {
        let turns = AtomicU64::new(0);
        let reached = async {
            while turns.fetch_add(1, Ordering::Relaxed) < max_turns {
                yield_now().await;
            }
        };
        let outcome = server.run_client(|bucket| async move {
            let upload = upload(&bucket, bytes);
            let upload = if from_reader { upload.reader(Cursor::new(bytes.to_vec())) } else { upload };
            run_until(reached, upload.send()).await
        });
        assert_eq!(server.open_uploads(), [""; 0], "dropped after {max_turns} turns");
        let _uploaded = outcome.transpose().unwrap();
        turns.into_inner()
    };
    let turns = drop_after(u64::MAX, false);
    let mut random = Random::new(1);
    for round in 0..40 {
        drop_after(random.below(turns), round % 2 == 0);
    }
}

#[test]
fn single_request_dropped_at_any_point_leaves_no_task() {
    let (server, bytes) = (Server::start(Emulator::builder()), content(PART, 1));
    let bytes = &bytes;
    let [polls, _] = at_every_drop_point(1, |point| {
        let outcome = server.run_client(|bucket| {
            point.run(async move |callback| upload(&bucket, bytes).on_progress(callback).send().await)
        });
        outcome.map(Result::unwrap).is_none()
    });
    assert!(server.read("key") == content(PART, 1) && polls > 2, "{polls}");
}

#[test]
fn upload_dropped_outside_its_runtime_is_aborted() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let test = runtime.block_on(TestBucket::start()).unwrap();
    let (on_progress, sent) = progress_signal(|progress| progress.bytes > 0);
    let upload = test.upload("key").bytes(content(8 * PART, 1)).part_size(PART).bandwidth(8 * MIB);
    let mut sending = Box::pin(upload.on_progress(on_progress).send());
    runtime.block_on(drop_when(sent, &mut sending));
    drop(sending);
    runtime.block_on(wait_until(async || open_uploads(&test).await.unwrap().is_empty()));
}

/// Returns an upload of the file `db.tar` in `folder`, with a checkpoint there.
fn resumable_upload(bucket: &Bucket, folder: &Path, key: &str) -> Upload {
    let upload = bucket.upload(key).file(folder.join("db.tar")).checkpoint(folder.join("checkpoint"));
    upload.part_size(PART).concurrency(2)
}

/// Resumes a [`resumable_upload`] that was dropped.
fn resume(server: &Server, folder: &Path, key: &str) -> Uploaded {
    let open = server.open_uploads();
    if let Ok(checkpoint) = fs::read(folder.join("checkpoint")) {
        let checkpoint: Value = serde_json::from_slice(&checkpoint).unwrap();
        // An upload that was dropped while its first checkpoint was written is aborted, although the file exists.
        assert!(
            open.iter().all(|id| checkpoint["transfer"]["upload_id"] == id.as_str()),
            "{key}: {open:?} and {checkpoint}"
        );
    } else {
        assert!(open.is_empty(), "{key}: {open:?}, and no checkpoint");
    }
    let outcome = server.run_client(|bucket| resumable_upload(&bucket, folder, key).send());
    let uploaded = outcome.unwrap_or_else(|error| panic!("{key}: {error}"));
    assert!(server.read(key) == fs::read(folder.join("db.tar")).unwrap(), "{key}");
    assert!(server.open_uploads().is_empty(), "{key}");
    assert_eq!(file_names(folder), ["db.tar"], "{key}");
    uploaded
}

#[test]
fn upload_with_a_checkpoint_dropped_at_any_point_resumes() {
    let server = Server::start(Emulator::builder());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("db.tar"), content(SIZE, 1)).unwrap();
    let mut resumed = 0;
    let points = at_every_drop_point(4, |point| {
        let (path, key) = (folder.path(), point.to_string());
        let outcome = server.run_client(|bucket| {
            let upload = resumable_upload(&bucket, path, &key);
            point.run(async move |callback| upload.on_progress(callback).send().await)
        });
        if let Some(outcome) = outcome {
            outcome.unwrap();
            return false;
        }
        let uploaded = resume(&server, path, &key);
        resumed += u32::from(uploaded.resumed_bytes > 0);
        true
    });
    assert!(points.iter().all(|points| *points > 4) && resumed > 1, "{points:?}, resumed {resumed} times");
}

#[test]
fn download_dropped_at_any_point_keeps_its_target_and_resumes() {
    let (server, bytes) = (Server::start(Emulator::builder()), content(SIZE, 1));
    server.emulator.block_on(upload(&server.emulator, &bytes).send()).unwrap();
    let mut resumed = 0;
    let points = at_every_drop_point(2, |point| {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("db.tar");
        fs::write(&target, "before").unwrap();
        let download = |bucket: &Bucket| bucket.download("key").to_file(&target).part_size(PART).concurrency(2);
        let outcome = server.run_client(|bucket| {
            let download = download(&bucket);
            point.run(async move |callback| download.on_progress(callback).send().await)
        });
        if let Some(outcome) = outcome {
            outcome.unwrap();
            return false;
        }
        let dropped = fs::read(&target).unwrap();
        // A download that was dropped at its last poll has replaced the target already.
        assert!(dropped == b"before" || dropped == bytes, "{point}");
        let downloaded = server.run_client(|bucket| download(&bucket).send()).unwrap();
        assert!(fs::read(&target).unwrap() == bytes, "{point}");
        assert_eq!(file_names(folder.path()), ["db.tar"], "{point}");
        resumed += u32::from(downloaded.resumed_bytes > 0);
        true
    });
    assert!(points.iter().all(|points| *points > 4) && resumed > 1, "{points:?}, resumed {resumed} times");
}
