//! What the API is: operations and types, resolved and checked.
//!
//! [`build`] concludes from a [`Document`](crate::spec::document::Document) what the generator has to know, and
//! reports what contradicts itself. Nothing here knows of Rust but the question whether two names would become one.

pub mod api;
mod build;
mod collisions;
mod enum_uses;
mod enums;
mod fields;
mod forms;
mod inputs;
mod operation;
mod origin;
mod outputs;
mod pagination;
mod path;
mod recursion;
mod shape;
mod types;

pub use api::{
    Api, EnumValue, Field, FormEncoding, Limits, Location, MarkerSource, Method, Operation, PageMarker, Pagination,
    RequestBody, ResponseBody, Scope, Shape, Treatment, TypeDef, TypeKind,
};
pub use build::build;
pub use origin::Origin;
