//! Rust SDK for [QingStor](https://docs.qingcloud.com/qingstor/) object storage.
//!
//! Every operation of the API is an `async` method with a typed input and a typed output. Files and streams are uploaded and
//! downloaded in concurrent parts that are verified. Transfers of files can be resumed.
//!
#![cfg_attr(feature = "transfer", doc = "```no_run")]
#![cfg_attr(not(feature = "transfer"), doc = "```ignore")]
//! use qingstor_sdk::{Config, QingStor, Result};
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     let qingstor = QingStor::new(Config::load()?)?;
//!     let bucket = qingstor.bucket("my-bucket", "pek3b");
//!
//!     bucket.upload("backups/db.tar").file("db.tar").send().await?;
//!     let copy = bucket.download("backups/db.tar").to_file("copy.tar").send().await?;
//!     println!("{} bytes, verified: {}", copy.size, copy.is_verified);
//!     Ok(())
//! }
//! ```
//!
//! The [`guide`] explains which method to choose, configuration, retries, timeouts, resuming, integrity and features.
//!
//! * [`QingStor`] is the client for an account, and [`Bucket`] a handle for a bucket. The operations are their methods.
//! * [`Config`] contains credentials, endpoint, retries and timeouts.
#![cfg_attr(feature = "transfer", doc = "* [`Upload`], [`Download`] and [`ObjectCopy`] transfer whole objects.")]
//! * [`Paginator`] requests lists page by page.
//! * [`Body`] is the content of a request, and [`ResponseBody`] the content of a response.
//! * [`Error`] is the error of all methods.
//! * [`operations`] contains the inputs and outputs of all operations, and [`types`] the types of their fields.
//! * [`sign`] signs requests for which this crate has no method.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
#[cfg_attr(
    not(feature = "transfer"),
    allow(dead_code, unused_imports, reason = "only transfers use some of the items")
)]
mod body;
#[cfg_attr(not(feature = "transfer"), allow(dead_code, reason = "only transfers use some of the items"))]
mod bucket;
#[cfg_attr(not(feature = "transfer"), allow(dead_code, reason = "only transfers use some of the items"))]
mod client;
mod config;
#[cfg_attr(not(feature = "transfer"), allow(dead_code, reason = "only transfers use some of the items"))]
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
    AbortedUploads, Checksum, Copied, CustomerKey, Download, Downloaded, MIB, ObjectCopy, ObjectStream, StaleUpload,
    TransferProgress, Upload, UploadWriter, Uploaded,
};

pub use value::{ByteRange, ContentRange, ObjectSource, Secret, Timestamp, TimestampError};

pub use http::{HeaderMap, Method, StatusCode};

/// Inputs and outputs of all operations, and the traits that inputs implement.
///
/// Each operation is a method of [`QingStor`] or [`Bucket`], which takes its input and returns its output.
pub mod operations {
    pub use crate::generated::operations::*;
    pub use crate::operation::{BucketScope, ObjectScope, Operation, Scope, ServiceScope};
    pub use crate::pagination::Paginated;
}

/// Guide: choosing a method, configuration, errors, retries, tuning, resuming, integrity, features.
///
// Without the feature `transfer` the examples are shown, but not tested.
#[cfg_attr(not(all(doctest, not(feature = "transfer"))), doc = include_str!("../README.md"))]
pub mod guide {}
