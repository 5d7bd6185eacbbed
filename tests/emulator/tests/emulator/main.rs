//! Tests of the emulator over HTTP, with a client that shares no code with the SDK.

// Clippy allows `unwrap` in functions with `#[test]`, but not in the helpers that they call.
#![allow(clippy::unwrap_used)]

mod access_log;
mod anonymous_access;
mod append;
mod command;
mod connection_faults;
mod connections;
mod cors;
mod fault_plans;
mod forms;
mod kill;
mod multipart;
mod objects;
mod response_faults;
mod settings;
mod signatures;
mod support;
mod tls;
mod variants;
mod version_listing;
mod versioning;
