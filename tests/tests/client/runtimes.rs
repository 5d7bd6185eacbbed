//! One client in several Tokio runtimes.
//!
//! A task in the runtime that opened a connection serves it. If that runtime is not running, the connection takes no
//! request. The tests check that such a request counts as not sent.

use std::time::Duration;

use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule};
use qingstor_sdk::operations::{InitiateMultipartUploadInput, ListObjectsInput};
use qingstor_sdk::{Bucket, ErrorKind, MIB, QingStor, RetryConfig, UploadState};
use qingstor_tests::SeparateServer;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::quick_retries;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Returns a client whose pool has a connection of the returned runtime, which is not running.
fn client_of_an_idle_runtime(server: &SeparateServer, retry: RetryConfig) -> (Bucket, Runtime) {
    let config = server.config().retry(retry).idle_timeout(Duration::from_millis(200));
    let bucket = QingStor::new(config).unwrap().bucket(server.name(), server.zone());
    let idle = runtime();
    idle.block_on(async {
        bucket.list_objects(ListObjectsInput::new()).await.unwrap();
        // The task of the connection returns it to the pool.
        for _ in 0..100 {
            yield_now().await;
        }
    });
    (bucket, idle)
}

#[test]
fn request_that_no_connection_takes_counts_as_not_sent() {
    let server = SeparateServer::start(Emulator::builder()).unwrap();
    let (bucket, _idle) = client_of_an_idle_runtime(&server, RetryConfig::disabled());
    let uploading = async { bucket.upload("key").bytes(vec![7; 9 << 20]).part_size(4 * MIB).send().await };
    let error = runtime().block_on(uploading).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("InitiateMultipartUpload")), "{error}");
    assert_eq!(error.attempts(), 0, "{error}");
    assert!(error.upload_state().is_none(), "{error}");
    assert!(error.to_string().contains("the request was not sent within 0.2 s"), "{error}");
}

#[test]
fn request_that_no_connection_takes_is_sent_on_a_new_connection() {
    let server = SeparateServer::start(Emulator::builder()).unwrap();
    let (bucket, _idle) = client_of_an_idle_runtime(&server, quick_retries());
    let initiating = async { bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await };
    let upload = runtime().block_on(initiating).unwrap();
    assert_eq!(upload.response.attempts, 1);
}

#[test]
fn request_whose_connection_is_dropped_with_its_runtime_may_have_been_sent() {
    let rule = FaultRule::new(Fault::StallBeforeAnswer { lasts: None }).operation("InitiateMultipartUpload");
    let server = SeparateServer::start(Emulator::builder().faults(FaultPlan::new().rule(rule))).unwrap();
    let other = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let bucket = QingStor::new(server.config().retry(quick_retries())).unwrap().bucket(server.name(), server.zone());
    let (listing, list) = (bucket.clone(), ListObjectsInput::new);
    other.block_on(other.spawn(async move { listing.list_objects(list()).await })).unwrap().unwrap();
    let uploading = async {
        let dropping = async {
            while server.emulator().faults_fired() != [1] {
                yield_now().await;
            }
            other.shutdown_background();
        };
        let uploading = bucket.upload("key").bytes(vec![7; 9 << 20]).part_size(4 * MIB).send();
        tokio::join!(uploading, dropping).0
    };
    let error = runtime().block_on(uploading).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connection, 1), "{error}");
    assert!(matches!(error.upload_state(), Some(UploadState::MaybeStarted)), "{error}");
}
