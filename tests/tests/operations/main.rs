//! Single operations and sequences of them, against the emulator, which keeps the rules of the service.

mod access;
mod conditions;
mod keys;
mod listing;
mod multipart;
mod multipart_copies;
mod objects;
mod part_limits;
