//! Tests of the store against the emulator.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod builder;
mod differences;
mod errors;
mod integration;
mod requests;
mod responses;
mod signer;
mod support;
