#![doc = include_str!("../README.md")]

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
