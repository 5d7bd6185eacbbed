//! The Rust code of an API as data: names, types, documentation and statements, which the templates print.

mod docs;
mod encode;
mod files;
mod markdown;
mod operation;
mod pagination;
mod sample;
mod structure;
pub(crate) mod surface;

pub use files::{ApiView, EnumView, GroupView, ModuleView, OwnerView, TypeFile, TypeView, VariantView, view};
pub use operation::{MethodView, OperationView};
pub use pagination::PaginationView;
pub use sample::{OperationSamples, samples};
pub use structure::{FieldView, StructView};
