//! A QingStor object storage server for tests and trials on one machine.
//!
//! [`Emulator::start`] runs one inside a test, on a free port and with its data in a temporary directory:
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! use qingstor_emulator::Emulator;
//!
//! let emulator = Emulator::builder().bucket("b").start().await?;
//! assert!(emulator.endpoint().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```
//!
//! The command `qingstor-emulator` runs one until it is told to end.
//!
//! # Faults
//!
//! A [`FaultPlan`] makes it misbehave: which requests, how often, and how. A client's handling of what networks and
//! services do can be tried with it. In code it is made of [`FaultRule`]s and [`Fault`]s; for the command's `--faults`,
//! or [`FaultPlan::load`], it is written in YAML:
//!
//! ```
//! use qingstor_emulator::FaultPlan;
//!
//! let plan = r#"
//! seed: 42               # what chance depends on
//! clock_offset: 3600     # the emulator's clock is an hour ahead; seconds
//! rules:                 # the first one that hits a request decides about it
//!   ## The part of this number, of whatever is uploaded first.
//!   - operation: UploadMultipart
//!     part: 1                                # or a list: [1, 4]
//!     count: 1
//!     fault: { reset_in_body: { after: 50% } }
//!   ## Done, and nobody is told.
//!   - operation: CompleteMultipartUpload
//!     count: 1
//!     fault: lose_answer
//!   ## One of ten, but for the first three.
//!   - key_prefix: backups/                   # or `key`, for exactly one
//!     skip: 3
//!     probability: 0.1
//!     fault: { error_answer: { status: 503, code: service_unavailable, retry_after: 1 } }
//!   ## Everything else.
//!   - fault: { latency: { delay: 50ms } }
//! "#;
//! FaultPlan::from_yaml("plan.yaml", plan).unwrap();
//! ```
//!
//! | fault | takes | [what happens](Fault) |
//! | --- | --- | --- |
//! | `close_on_accept` | | a connection is closed before anything is read |
//! | `error_answer` | `status`, `code`, `retry_after` | an error, and nothing is done |
//! | `reset_before_answer` | | read, not done, reset |
//! | `reset_in_body` | `after` | reset while the request's body is read |
//! | `cut_answer` | `after` | closed while the answer's body is sent |
//! | `lose_answer` | | done, and reset without an answer |
//! | `stall_in_body` | `after`, `lasts` | the request's body is not read on |
//! | `stall_before_answer` | `lasts` | done, and nothing is said |
//! | `stall_in_answer` | `after`, `lasts` | the answer's body is not sent on |
//! | `latency` | `delay` | answered later |
//! | `slow_receive`, `slow_send` | `bytes_per_second` | the request's body, or the answer's, is slow |
//! | `bandwidth` | `bytes_per_second` | all that the rule hits share a line |
//! | `flip_received_bit`, `flip_sent_bit` | `at` | one bit changes on the way |
//! | `wrong_etag` | | the answer has another ETag |
//!
//! `after` and `at` are bytes, or a share of the body such as `50%`. `lasts` and `delay` are durations such as `500ms`,
//! `2s` or `1m`; without `lasts` it is until the client is gone. `retry_after` is in seconds. What need not be said:
//! `code`, `retry_after`, `lasts` and `at`. A fault that takes nothing, or of which nothing need be said, is its name
//! alone.
//!
//! [`Emulator::faults_fired`] counts what happened, and the [access log](Builder::access_log) says to which request.
//! For connections that are refused there is [`Emulator::stop_listening`].
//!
//! # What it is good for
//!
//! Signatures are verified, limits kept, conditions judged and errors worded as the service does it, so that a client
//! that works here has a good chance to work there. Data is in files and survives the process being killed, where a
//! data directory was given. Nothing of this is shared with the sdk: two implementations that agree are evidence.

mod access;
mod access_log;
mod address;
mod authenticate;
mod body;
mod builder;
mod clock;
mod conditions;
mod credentials;
mod cross_origin;
mod emulator;
mod error;
mod faults;
mod form;
mod ids;
mod limits;
mod listening;
mod metadata;
mod operations;
mod payload;
mod query;
mod range;
mod receive;
mod request;
mod response;
mod route;
mod served;
mod server;
mod service;
mod settings;
pub mod signature;
mod source;
mod sse;
mod store;
mod wire;

pub use builder::{Builder, DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE};
pub use emulator::Emulator;
pub use faults::{Fault, FaultPlan, FaultRule, Offset};
pub use served::{ServedOperation, operations};
