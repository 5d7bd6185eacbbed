//! Tests that load specifications: diagnostics, the model, generated code and comparisons.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod broken;
mod diagnostics;
mod diff;
mod generated;
mod model;
mod official;
mod official_comparison;
mod page;
mod places;
mod robustness;
