//! Transfers that are dropped before they are done, wherever they are.
//!
//! Protects: when a future is dropped, nothing of it goes on but the abort of its upload; no upload is left on the server
//! but one that a checkpoint holds, which resumes it; and a download leaves its target as it was.
//!
//! The SDK is alone on its runtime, so that every task there is one of its own.

mod outside_runtime;
mod server;
mod stalled;

use std::future::poll_fn;
use std::io::Cursor;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::{fmt, fs};

use qingstor_emulator::Emulator;
use qingstor_sdk::{Bucket, MIB, Result, TransferProgress, Upload, Uploaded};
use qingstor_tests::{Random, content};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::yield_now;

use self::server::Server;

const PART: u64 = 4 * MIB;
const SIZE: u64 = 2 * PART + 1234;

/// Where a transfer is dropped, counted from 0.
#[derive(Clone, Copy)]
enum Place {
    /// After so many polls.
    Poll(u64),
    /// When it tells of progress.
    Progress(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poll(polls) => write!(f, "after {polls} polls"),
            Self::Progress(times) => write!(f, "at progress {times}"),
        }
    }
}

type Callback = Box<dyn Fn(TransferProgress) + Send + Sync>;

impl Place {
    /// What comes of a transfer that is dropped here; `None` if that was too early.
    async fn drop<T>(self, transfer: impl AsyncFnOnce(Callback) -> T) -> Option<T> {
        let (times, polls) = match self {
            Self::Poll(polls) => (u64::MAX, polls),
            Self::Progress(times) => (times, u64::MAX),
        };
        let (callback, reached) = at_progress(times);
        unless(reached, polled(polls, transfer(callback))).await.flatten()
    }
}

/// What comes of a future that is dropped when something has happened; `None` if that was too early.
async fn unless<T>(happens: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = happens => None,
        outcome = future => Some(outcome),
    }
}

/// What comes of a future that is polled so often and then dropped; `None` if that was too early.
async fn polled<T>(times: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == times {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => {
                if polled == times {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    })
    .await
}

/// Something to call when there is progress, and to wait for one of these times.
fn at_progress(times: u64) -> (Callback, impl Future<Output = ()>) {
    let (tell, seen) = (Arc::new(Notify::new()), AtomicU64::new(0));
    let told = Arc::clone(&tell);
    let callback = move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) == times {
            tell.notify_one();
        }
    };
    (Box::new(callback), async move { told.notified().await })
}

/// Drops a transfer at every poll, and then at one in `step` of the times that it tells of progress, until it is not
/// dropped; how many places there were of both.
fn at_every_place(step: u64, mut drops: impl FnMut(Place) -> bool) -> [u64; 2] {
    let polls = (0..).find(|polls| !drops(Place::Poll(*polls))).unwrap();
    let told = (0..).find(|times| !drops(Place::Progress(times * step))).unwrap();
    println!("dropped after up to {polls} polls and at {told} times of progress");
    [polls, told]
}

fn upload(bucket: &Bucket, bytes: &[u8]) -> Upload {
    bucket.upload("key").bytes(bytes.to_vec()).part_size(PART).concurrency(2)
}

#[test]
fn an_upload_that_is_dropped_at_any_place_leaves_nothing() {
    let (server, bytes) = (Server::start(Emulator::builder()), content(SIZE, 1));
    let bytes = &bytes;
    let places = at_every_place(3, |place| {
        let outcome = server.alone(|bucket| {
            place.drop(async move |callback| upload(&bucket, bytes).on_progress(callback).send().await)
        });
        assert_eq!(server.open_uploads(), [""; 0], "dropped {place}");
        outcome.map(Result::unwrap).is_none()
    });
    assert!(server.read("key") == content(SIZE, 1));
    assert!(places.iter().all(|places| *places > 4), "{places:?}");
}

#[test]
fn an_upload_that_is_dropped_at_any_turn_of_the_runtime_leaves_nothing() {
    let (server, bytes) = (Server::start(Emulator::builder()), content(SIZE, 1));
    let bytes = &bytes;
    let drop_after = |most_turns: u64, is_read: bool| {
        let turned = AtomicU64::new(0);
        let turning = async {
            while turned.fetch_add(1, Ordering::Relaxed) < most_turns {
                yield_now().await;
            }
        };
        let outcome = server.alone(|bucket| async move {
            let upload = upload(&bucket, bytes);
            let upload = if is_read { upload.reader(Cursor::new(bytes.to_vec())) } else { upload };
            unless(turning, upload.send()).await
        });
        assert_eq!(server.open_uploads(), [""; 0], "dropped after {most_turns} turns");
        let _whole = outcome.transpose().unwrap();
        turned.into_inner()
    };
    let turns = drop_after(u64::MAX, false);
    let mut random = Random::new(1);
    for round in 0..40 {
        drop_after(random.below(turns), round % 2 == 0);
    }
}

#[test]
fn a_single_request_that_is_dropped_leaves_nothing_running() {
    let (server, bytes) = (Server::start(Emulator::builder()), content(PART, 1));
    let bytes = &bytes;
    let [polls, _] = at_every_place(1, |place| {
        let outcome = server.alone(|bucket| {
            place.drop(async move |callback| upload(&bucket, bytes).on_progress(callback).send().await)
        });
        outcome.map(Result::unwrap).is_none()
    });
    assert!(server.read("key") == content(PART, 1) && polls > 2, "{polls}");
}

fn resumable(bucket: &Bucket, folder: &Path, key: &str) -> Upload {
    let upload = bucket.upload(key).file(folder.join("db.tar")).checkpoint(folder.join("checkpoint"));
    upload.part_size(PART).concurrency(2)
}

fn assert_resumes(server: &Server, folder: &Path, key: &str, place: &str) -> Uploaded {
    let open = server.open_uploads();
    if let Ok(checkpoint) = fs::read(folder.join("checkpoint")) {
        let checkpoint: Value = serde_json::from_slice(&checkpoint).unwrap();
        // If it was dropped when the checkpoint was written, it was aborted all the same.
        assert!(
            open.iter().all(|id| checkpoint["transfer"]["upload_id"] == id.as_str()),
            "{place}: {open:?} and {checkpoint}"
        );
    } else {
        assert!(open.is_empty(), "{place}: {open:?}, and no checkpoint");
    }
    let outcome = server.alone(|bucket| resumable(&bucket, folder, key).send());
    let uploaded = outcome.unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(server.read(key) == fs::read(folder.join("db.tar")).unwrap(), "{place}");
    assert!(server.open_uploads().is_empty(), "{place}");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "{place}: something is left beside the file");
    uploaded
}

#[test]
fn an_upload_with_a_checkpoint_that_is_dropped_can_be_resumed() {
    let server = Server::start(Emulator::builder());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("db.tar"), content(SIZE, 1)).unwrap();
    let mut resumed = 0;
    let places = at_every_place(4, |place| {
        let (path, key) = (folder.path(), place.to_string());
        let outcome = server.alone(|bucket| {
            let upload = resumable(&bucket, path, &key);
            place.drop(async move |callback| upload.on_progress(callback).send().await)
        });
        if let Some(outcome) = outcome {
            outcome.unwrap();
            return false;
        }
        let uploaded = assert_resumes(&server, path, &key, &key);
        resumed += u32::from(uploaded.resumed_bytes > 0);
        true
    });
    assert!(places.iter().all(|places| *places > 4) && resumed > 1, "{places:?}, resumed {resumed} times");
}

#[test]
fn a_download_that_is_dropped_leaves_its_target_alone_and_can_be_gone_on_with() {
    let (server, bytes) = (Server::start(Emulator::builder()), content(SIZE, 1));
    server.apart.block_on(upload(&server.apart, &bytes).send()).unwrap();
    let mut resumed = 0;
    let places = at_every_place(2, |place| {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("db.tar");
        fs::write(&target, "before").unwrap();
        let download = |bucket: &Bucket| bucket.download("key").to_file(&target).part_size(PART).concurrency(2);
        let outcome = server.alone(|bucket| {
            let download = download(&bucket);
            place.drop(async move |callback| download.on_progress(callback).send().await)
        });
        if let Some(outcome) = outcome {
            outcome.unwrap();
            return false;
        }
        let there = fs::read(&target).unwrap();
        // It may have been about to say that it is done.
        assert!(there == b"before" || there == bytes, "{place}");
        let downloaded = server.alone(|bucket| download(&bucket).send()).unwrap();
        assert!(fs::read(&target).unwrap() == bytes, "{place}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{place}: something is left beside the target");
        resumed += u32::from(downloaded.resumed_bytes > 0);
        true
    });
    assert!(places.iter().all(|places| *places > 4) && resumed > 1, "{places:?}, gone on with {resumed} times");
}
