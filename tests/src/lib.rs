//! Helpers for the tests of the SDK: servers with prepared answers, an emulator with a bucket, a relay that stops at a given
//! byte, a plain HTTP client, child processes, and random content from seeds.

mod access_log;
mod answer;
mod child_process;
mod content;
mod events;
mod faulty;
mod mock_service;
mod plain_http;
mod raw_server;
mod relay;
mod seeds;
mod server_apart;
mod test_bucket;

pub use access_log::{logged, received, requests};
pub use answer::Answer;
pub use child_process::{ChildArguments, ChildProcess, is_alone, run_alone};
pub use content::{Random, content, etag_of_parts};
pub use events::hear_events;
pub use faulty::{faulty, open_uploads, patient, patient_for};
pub use mock_service::{REQUEST_ID, account_answering, service_answering};
pub use plain_http::{PlainRequest, PlainResponse};
pub use raw_server::{RawRequest, RawServer};
pub use relay::{Moment, Relay};
pub use seeds::{for_each_seed, seeds};
pub use server_apart::ServerApart;
pub use test_bucket::TestBucket;
