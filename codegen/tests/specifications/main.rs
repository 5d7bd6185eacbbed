//! Tests that load specifications: diagnostics, the model, generated code and comparisons.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod diagnostics;
mod diagnostics_page;
mod diff;
mod generated;
mod mistakes;
mod model;
mod official;
mod official_comparison;
mod places;
mod robustness;
