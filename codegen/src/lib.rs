//! Generates the operations of `qingstor-sdk` from the specification of the QingStor API.
//!
//! [`spec`] reads the YAML, [`model`] concludes what the API is, [`rust`] decides what the code says, and [`render`] writes
//! and formats it. [`load()`] runs the first two stages and [`render::generate`] the others. [`command`] is `cargo codegen`.
//!
//! Modules depend on each other in one direction: command → diff, render → rust → load → lint, model → spec → diagnostic.
//! [`naming`] is below model and rust.

pub mod command;
pub mod diagnostic;
pub mod diff;
mod lint;
mod load;
pub mod model;
pub mod naming;
pub mod render;
pub mod rust;
pub mod spec;

pub use load::{Diagnosis, Loaded, diagnose, load};
