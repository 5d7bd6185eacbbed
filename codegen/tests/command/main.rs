//! `cargo codegen` and `cargo codegen check`, as they are run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod files;
mod reports;
mod workspace;
