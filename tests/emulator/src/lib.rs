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
//! The command `qingstor-emulator` runs one until it is interrupted.
//!
//! # Faults
//!
//! A [`FaultPlan`] injects faults: it says which ones, how often, and into which requests. It tests how a client handles
//! failures of networks and services. In code, a plan consists of [`FaultRule`]s and [`Fault`]s. For the command's
//! `--faults`, or for [`FaultPlan::load`], it is written in YAML:
//!
//! ```
//! use qingstor_emulator::FaultPlan;
//!
//! let plan = r#"
//! seed: 42               # seed of random decisions
//! clock_offset: 3600     # the emulator's clock is an hour ahead; seconds
//! rules:                 # the first rule that hits a request decides
//!   ## The first request for this part of any upload.
//!   - operation: UploadMultipart
//!     part: 1                                # or a list: [1, 4]
//!     count: 1
//!     fault: { reset_in_body: { after: 50% } }
//!   ## The request is executed, and the response is lost.
//!   - operation: CompleteMultipartUpload
//!     count: 1
//!     fault: lose_answer
//!   ## One of ten requests, after the first three.
//!   - key_prefix: backups/                   # or `key` for one key
//!     skip: 3
//!     probability: 0.1
//!     fault: { error_answer: { status: 503, code: service_unavailable, retry_after: 1 } }
//!   ## All other requests.
//!   - fault: { latency: { delay: 50ms } }
//! "#;
//! FaultPlan::from_yaml("plan.yaml", plan).unwrap();
//! ```
//!
//! | fault | fields | [effect](Fault) |
//! | --- | --- | --- |
//! | `close_on_accept` | | closes the connection before anything is read |
//! | `error_answer` | `status`, `code`, `retry_after` | answers with an error without executing the request |
//! | `reset_before_answer` | | reads the request, does not execute it, and resets the connection |
//! | `reset_in_body` | `after` | resets the connection while reading the request's body |
//! | `cut_answer` | `after` | closes the connection while sending the response's body |
//! | `lose_answer` | | executes the request and resets the connection without a response |
//! | `stall_in_body` | `after`, `lasts` | stops reading the request's body |
//! | `stall_before_answer` | `lasts` | executes the request and delays the response |
//! | `stall_in_answer` | `after`, `lasts` | stops sending the response's body |
//! | `latency` | `delay` | answers later |
//! | `slow_receive`, `slow_send` | `bytes_per_second` | reads the request's or sends the response's body slowly |
//! | `bandwidth` | `bytes_per_second` | limits all requests that the rule hits to one shared rate |
//! | `flip_received_bit`, `flip_sent_bit` | `at` | flips one bit of a body |
//! | `wrong_etag` | | replaces the ETag of the response |
//!
//! `after` and `at` are bytes, or a share of the body such as `50%`. `lasts` and `delay` are durations such as `500ms`,
//! `2s` or `1m`. `retry_after` is in seconds. `code`, `retry_after`, `lasts` and `at` are optional; without `lasts`, a
//! stall lasts until the client closes the connection. A fault without required fields can be written as its name alone.
//!
//! [`Emulator::faults_fired`] counts the hits of each rule, and the [access log](Builder::access_log) names the requests.
//! To refuse connections, use [`Emulator::stop_listening`].
//!
//! # Fidelity
//!
//! The emulator verifies signatures, enforces limits, evaluates conditions and reports errors like the service, so a
//! client that works with it will probably work with the service. Data is stored in files. With a data directory, it
//! survives the end of the process. The emulator shares no code with the SDK, so that each verifies the other.

mod access_log;
mod address;
mod anonymous_access;
mod authenticate;
mod body;
mod builder;
mod clock;
mod conditions;
mod connection;
mod cors;
mod emulator;
mod error;
mod faults;
mod form;
mod headers;
mod ids;
mod limits;
mod listener;
mod metadata;
mod operations;
mod query;
mod range;
mod request;
mod response;
mod routes;
mod server;
mod service;
mod settings;
pub mod signature;
mod sse;
mod store;

pub use builder::{Builder, DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE};
pub use emulator::Emulator;
pub use faults::{Fault, FaultPlan, FaultRule, Offset};
pub use routes::{ServedOperation, operations};
