//! Single operations and sequences of operations, against the emulator.

mod access;
mod conditions;
mod keys;
mod listing;
mod multipart;
mod multipart_copies;
mod objects;
mod part_limits;
mod support;
