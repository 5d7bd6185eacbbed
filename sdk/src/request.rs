//! From an input to what goes on the wire.

mod encoder;
mod limits;
mod metadata;
mod wire_value;

pub(crate) use encoder::EncodedRequest;
pub use encoder::RequestEncoder;
#[allow(unused_imports, reason = "the specification decides what of this is used")]
pub(crate) use wire_value::WireValue;
