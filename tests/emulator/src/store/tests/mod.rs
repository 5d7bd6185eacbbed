//! Tests of the store as a whole.

use super::*;

mod data_directory;
mod fixture;
mod objects;
mod settings;
mod versions;
