//! Tests that run the command `cargo codegen` in a temporary workspace.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod files;
mod reports;
mod workspace;
