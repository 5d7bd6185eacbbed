//! What the YAML says: files, references, positions, and the shape that the dialect prescribes.
//!
//! [`read`] gives a [`document::Document`] together with everything that is wrong with its files. Reading never
//! stops at a problem, so that one run reports them all.

mod characters;
pub mod document;
mod files;
mod kinds;
pub mod limits;
pub mod node;
mod numbering;
pub mod pagination;
mod parameters;
mod paths;
mod position;
pub mod problems;
mod reader;
mod reference;
mod responses;
pub mod schema;
mod schema_rules;
pub(crate) mod sources;
pub(crate) mod suggest;
mod table;
mod tree;

pub use reader::{Reading, read};
