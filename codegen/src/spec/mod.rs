//! The YAML: files, references, positions, and the shape that the dialect prescribes.
//!
//! [`read`] returns a [`document::Document`] and all problems of its files. Reading goes on after a problem, so that one
//! run reports all of them.

mod characters;
pub mod document;
pub(crate) mod files;
mod lines;
pub(crate) mod locate;
pub mod node;
mod pagination;
mod parameters;
mod parse;
mod paths;
pub mod problems;
mod reader;
mod reference;
mod responses;
mod root;
mod schema;
mod schema_rules;
pub mod signed;
mod span;
pub(crate) mod suggest;
mod syntax;
mod table;
mod tree;

pub use root::{Reading, read};
