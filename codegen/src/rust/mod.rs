//! Decides what the Rust says: names, types, documentation and statements. Templates only print it.

mod docs;
mod encode;
mod files;
mod operation;
mod pagination;
mod sample;
mod structure;
pub(crate) mod surface;

pub use files::{ApiView, EnumView, ModuleView, TypeFile, TypeView, VariantView, view};
pub use operation::OperationView;
pub use pagination::PaginationView;
pub use sample::{OperationSamples, samples};
pub use structure::{FieldView, StructView};
