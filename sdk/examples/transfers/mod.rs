//! What the programs `upload` and `download` share.

mod account;
mod advice;
mod display;
mod interrupt;
mod size;

pub(crate) use account::place;
pub(crate) use advice::advice;
pub(crate) use display::Display;
pub(crate) use interrupt::{INTERRUPTED, interrupted};
pub(crate) use size::{parse_part_size, parse_size};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
