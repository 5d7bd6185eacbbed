//! Generates the operations of `qingstor-sdk` from the specification of the QingStor API.
//!
//! Generating runs in four stages:
//!
//! 1. [`spec`] reads the YAML files into a document.
//! 2. [`model`] derives the API from the document: operations and types.
//! 3. [`rust`] decides the names, types, documentation and statements of the code.
//! 4. [`render`] fills the templates and formats the files.
//!
//! [`load()`] runs the first two stages, [`render::generate`] the other two. [`command`] is the command `cargo
//! codegen`.
//!
//! Modules depend on each other in one direction: command → diff, render → rust → load → lint, model → spec →
//! diagnostic. [`naming`] is below model and rust.

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

pub use diagnostic::Diagnosis;
pub use load::{Loaded, diagnose, load};
