//! What the tests of the SDK share: a server that shows what was sent to it byte for byte, one that does what is asked
//! of it, one whose answers are prepared, and a client that sends what it is told.

mod answer;
mod mock_service;
mod plain_http;
mod raw_server;
mod test_bucket;

pub use answer::Answer;
pub use mock_service::{REQUEST_ID, account_answering, service_answering};
pub use plain_http::{PlainRequest, PlainResponse};
pub use raw_server::{RawRequest, RawServer};
pub use test_bucket::TestBucket;
