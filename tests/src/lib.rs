//! Helpers for the tests of the SDK: servers with prepared responses, an emulator with a bucket, a relay that pauses at
//! a given byte, a plain HTTP client, child processes, and pseudo-random content.

mod access_log;
mod child_process;
mod connect_proxy;
mod content;
mod events;
mod http_message;
pub mod live_check;
mod mock_server;
mod plain_http;
mod raw_response;
mod raw_server;
mod relay;
pub mod scenarios;
mod seeds;
mod separate_server;
mod test_bucket;

pub use access_log::{logged_requests, logged_requests_of, logged_upload_bytes};
pub use child_process::{ChildArguments, ChildProcess, is_child_process, run_in_child_process};
pub use connect_proxy::ConnectProxy;
pub use content::{Random, content, etag_of_parts};
pub use events::on_sdk_event;
pub use mock_server::{REQUEST_ID, account_with_response, mock_server};
pub use plain_http::{PlainRequest, PlainResponse, http_client};
pub use raw_response::RawResponse;
pub use raw_server::{RawRequest, RawServer};
pub use relay::{PauseAt, Relay};
pub use seeds::{for_each_seed, seeds};
pub use separate_server::SeparateServer;
pub use test_bucket::{TestBucket, bucket_with_faults, open_uploads, retrying_bucket, retrying_bucket_with_timeouts};

/// The program in the README of the repository, which the documentation tests compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
