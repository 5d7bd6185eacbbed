//! Value types of inputs, outputs and the configuration.

mod byte_range;
mod document;
mod entity_tag;
mod object_key;
mod object_source;
mod percent;
mod secret;
mod server_text;
mod timestamp;
pub(crate) mod unix_time;
mod wire_value;

pub use byte_range::{ByteRange, ContentRange};
pub(crate) use document::{Tolerance, UnreadableEntry, Unusable, decode as decode_document};
pub(crate) use entity_tag::{etag_value, if_match};
pub(crate) use object_key::check_key;
pub use object_source::ObjectSource;
pub(crate) use percent::{decode, encode_path, encode_query};
pub use secret::Secret;
#[allow(unused_imports, reason = "generated code may not use it")]
pub(crate) use secret::{Exposed, exposed};
pub(crate) use server_text::{ServerText, escape, snippet};
pub use timestamp::{Timestamp, TimestampError};
#[allow(unused_imports, reason = "generated code may not use it")]
pub(crate) use unix_time::UnixTime;
#[allow(unused_imports, reason = "generated code may not use it")]
pub(crate) use wire_value::WireValue;
