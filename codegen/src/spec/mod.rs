//! What the YAML says: files, references, positions, and the shape that the dialect prescribes.
//!
//! [`read`] gives a [`document::Document`] together with everything that is wrong with its files. Reading never
//! stops at a problem, so that one run reports them all.

mod characters;
pub mod document;
mod extent;
pub(crate) mod files;
mod finding;
mod kinds;
pub mod limits;
mod marks;
pub mod node;
mod numbering;
pub mod pagination;
mod parameters;
mod parse;
mod paths;
pub(crate) mod places;
mod position;
pub mod problems;
mod reader;
mod reference;
mod responses;
pub mod schema;
mod schema_rules;
pub mod signed;
pub(crate) mod suggest;
mod syntax;
mod table;
mod tree;

pub use reader::{Reading, read};
