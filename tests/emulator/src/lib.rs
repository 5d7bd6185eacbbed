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
