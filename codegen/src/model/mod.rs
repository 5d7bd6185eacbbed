//! The API: operations and types, resolved and checked.
//!
//! [`build()`] concludes from a [`Document`](crate::spec::document::Document) what the generator has to know, and reports
//! contradictions. Of Rust it only knows the [names](crate::naming).

pub mod api;
mod build;
mod collisions;
mod context;
mod enums;
mod inputs;
mod operation;
mod outputs;
mod pagination;
mod path;
mod recursion;
mod types;

pub use api::{
    Api, EnumValue, Field, FormEncoding, Limits, Location, MarkerSource, Method, Operation, Origin, PageMarker,
    Pagination, RequestBody, ResponseBody, Scope, Shape, Treatment, TypeDef, TypeKind,
};
pub use build::build;
