//! Generated code: it compiles, `cargo codegen diff` agrees with rustc, hand-written methods do not collide with it.

mod compile;
mod coverage;
mod diff;
mod hand_written_methods;
mod sdk_copy;
