//! What the tests of the SDK share: a server that shows what was sent to it byte for byte, one that does what is asked
//! of it, one whose answers are prepared, a client that sends what it is told, a wire that stands still when it is told,
//! and processes to be killed.

mod access_log;
mod answer;
mod content;
mod events;
mod faulty;
mod messenger;
mod mock_service;
mod plain_http;
mod raw_server;
mod relay;
mod seeds;
mod server_apart;
mod test_bucket;

pub use access_log::{logged, received, requests};
pub use answer::Answer;
pub use content::{Random, content, etag_of_parts};
pub use events::hear_events;
pub use faulty::{faulty, open_uploads, patient, patient_for};
pub use messenger::{Errand, Messenger};
pub use mock_service::{REQUEST_ID, account_answering, service_answering};
pub use plain_http::{PlainRequest, PlainResponse};
pub use raw_server::{RawRequest, RawServer};
pub use relay::{Moment, Relay};
pub use seeds::{for_each_seed, seeds};
pub use server_apart::ServerApart;
pub use test_bucket::TestBucket;
