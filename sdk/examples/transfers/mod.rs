//! What the programs `upload` and `download` share.

mod account;
mod advice;
mod display;
mod interrupt;
mod size;

use std::process::ExitCode;

pub(crate) use account::place;
pub(crate) use advice::advice;
pub(crate) use display::Display;
pub(crate) use interrupt::{INTERRUPTED, interrupted};
pub(crate) use size::{parse_part_size, parse_size};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What a program ends with; what kept it from its work is told.
pub(crate) fn exit_code(outcome: Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
