//! QingStor object storage for Rust.
//!
//! Every operation of the API is a method with a typed input and a typed output, generated from the API's
//! specification. Requests are signed, checked before they are sent, retried where that is safe, and streamed.
//!
//! ```no_run
//! use qingstor_sdk::{Config, QingStor, Result};
//!
//! # #[cfg(feature = "transfer")]
//! # async fn run() -> Result<()> {
//! let qingstor = QingStor::new(Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))?;
//! let bucket = qingstor.bucket("your-bucket-name", "pek3b");
//! bucket.upload("backups/db.tar").file("db.tar").content_type("application/x-tar").send().await?;
//! let downloaded = bucket.download("backups/db.tar").to_file("restored.tar").send().await?;
//! println!("{} bytes, verified: {}", downloaded.size, downloaded.is_verified);
//! # Ok(())
//! # }
//! ```
//!
//! * [`QingStor`] is a client for an account, and [`Bucket`] one for a bucket. Their methods are the operations of the API.
//! * [`Upload`] and [`Download`] transfer whole files of any size, in concurrent parts that can be resumed. [`ObjectCopy`]
//!   copies objects on the server.
//! * [`Config`] sets credentials, endpoint, retries and timeouts.
//! * [`Paginator`] reads a list page by page or item by item.
//! * [`Body`] is the body of a request, [`ResponseBody`] that of a response.
//! * [`Error`] describes a failed call: its kind, the operation, and the code, message and request id of the server.
//! * [`operations`] contains the inputs and outputs of all operations.
//! * [`types`] contains the structures and enumerations in inputs and outputs.
//! * [`sign`] signs requests that this crate has no method for.
//!
//! # Features
//!
//! * `config-file` (default): [`Config::from_file`], and the configuration file that [`Config::load`] reads.
//! * `rustls` (default): HTTPS by rustls with ring, trusting the operating system's certificates.
//! * `transfer` (default): [`Upload`], [`Download`], [`ObjectCopy`] and [`Bucket::abort_stale_uploads`].
//! * `native-tls`: HTTPS by the operating system's library; turn the default features off to be rid of rustls.
//!
//! # Runtime
//!
//! Tokio 1, with its I/O and time drivers enabled, as `#[tokio::main]` does; called elsewhere, methods panic. Requests are
//! HTTP/1.1.
//!
//! # Logging
//!
//! Calls and attempts are [`tracing`] spans of level debug with operation, bucket, key, status and request id. Access
//! keys, signatures, customer encryption keys and bodies are never part of them.

#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
#[cfg_attr(not(feature = "transfer"), allow(dead_code, unused_imports, reason = "transfers use the rest"))]
mod body;
#[cfg_attr(not(feature = "transfer"), allow(dead_code, reason = "transfers use the rest"))]
mod bucket;
#[cfg_attr(not(feature = "transfer"), allow(dead_code, reason = "transfers use the rest"))]
mod client;
mod config;
#[cfg_attr(not(feature = "transfer"), allow(dead_code, reason = "transfers use the rest"))]
mod error;
mod generated;
#[cfg(feature = "transfer")]
mod md5_lanes;
mod operation;
mod pagination;
mod qingstor;
#[cfg(feature = "transfer")]
mod transfer;
mod value;

pub use body::{Body, ResponseBody};
pub use bucket::Bucket;
pub use client::{PresignedRequest, sign};
pub use config::{AddressingStyle, Config, Credentials, Endpoint, RetryConfig};
pub use error::{Error, ErrorKind, Result, UploadState};
pub use generated::types;
pub use operation::ResponseInfo;
pub use pagination::{Items, Pages, Paginator};
pub use qingstor::QingStor;
#[cfg(feature = "transfer")]
pub use transfer::{
    AbortedUploads, Checksum, Copied, CustomerKey, Download, Downloaded, MIB, ObjectCopy, StaleUpload,
    TransferProgress, Upload, Uploaded,
};

pub use value::{ObjectSource, Secret, Timestamp, TimestampError};

pub use http::{HeaderMap, Method, StatusCode};

/// Inputs and outputs of all operations, and the traits that inputs implement.
///
/// Each operation is a method of [`QingStor`] or [`Bucket`], which takes its input and returns its output.
pub mod operations {
    pub use crate::generated::operations::*;
    pub use crate::operation::{BucketScope, ObjectScope, Operation, Scope, ServiceScope};
    pub use crate::pagination::Paginated;
}

/// The README's example, compiled with the other examples in the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The guide's examples, likewise.
#[cfg(all(doctest, feature = "transfer"))]
#[doc = include_str!("../README.md")]
struct Guide;
