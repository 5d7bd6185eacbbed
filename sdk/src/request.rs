//! From an input to what goes on the wire.

mod encoder;
mod form;
mod limits;
mod metadata;
mod multipart;
mod wire_value;

pub(crate) use encoder::RequestEncoder;
pub(crate) use encoder::{EncodedRequest, FormKind};
#[allow(unused_imports, reason = "the specification decides what of this is used")]
pub(crate) use wire_value::WireValue;
