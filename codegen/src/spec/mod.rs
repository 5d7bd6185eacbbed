//! Reads the YAML of a specification: files, references, source positions, and the keys that the dialect has.
//!
//! `read` returns a [`document::Document`] and all problems of the files. Reading continues after a problem, so that
//! one run reports all of them.

pub mod document;
pub(crate) mod files;
mod operations;
mod parameters;
mod position;
pub mod problems;
mod reader;
mod reference;
mod schema;
mod schema_rules;
pub mod signed;
pub(crate) mod suggest;
mod syntax;
mod table;
pub mod yaml;

pub(crate) use reader::{Reading, read};
