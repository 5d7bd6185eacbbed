//! Generates the operations of `qingstor-sdk` from the specification of the QingStor API.
//!
//! Four stages, one direction: [`spec`] says what the YAML says, [`model`] what the API is, [`rust`] what the Rust
//! should say, [`render`] how it is written. [`load`] runs the first two, [`render::generate`] the others, and
//! [`command`] is what `cargo codegen` runs.

pub mod command;
pub mod diagnostic;
pub mod diff;
mod lint;
mod load;
pub mod model;
pub mod render;
pub mod rust;
pub mod spec;

pub use load::{Diagnosis, Loaded, diagnose, load};
