//! What the Rust should say: names, types and doc lines.
//!
//! Templates print what they find here and decide nothing.

mod docs;
mod encode;
mod enumeration;
mod field;
mod module;
pub mod names;
mod operation;
mod pagination;
mod sample;
pub(crate) mod surface;
mod type_names;

pub use enumeration::EnumView;
pub(crate) use enumeration::variant_name;
pub(crate) use module::is_own_method;
pub use module::{ApiView, ModuleView, OWN_METHODS, StructView, TypeFile, TypeView, view};
pub use operation::OperationView;
pub use pagination::PaginationView;
pub use sample::{OperationSamples, samples};
pub use type_names::NameClash;
