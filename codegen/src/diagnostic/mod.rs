//! Diagnostics: their codes, places and output.

pub mod codes;
mod json;
mod print;
mod problem;
mod source;

pub use codes::explain;
pub(crate) use json::message;
pub(crate) use print::{Printer, Style};
pub use problem::{Diagnosis, Problem, Related, Severity, Suggestion, count};
pub(crate) use source::slashed;
pub use source::{Place, Source, Sources};
