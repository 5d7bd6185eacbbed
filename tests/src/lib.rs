//! What the tests of the SDK share: a server that shows what was sent to it, byte for byte.

mod answer;
mod raw_server;

pub use answer::Answer;
pub use raw_server::{RawRequest, RawServer};
