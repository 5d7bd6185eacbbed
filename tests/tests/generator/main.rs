//! Tests that generated code compiles, `cargo codegen diff` agrees with rustc, every operation has tests, and generated
//! methods do not collide with handwritten ones.

mod compile;
mod coverage;
mod diff;
mod handwritten_methods;
mod sdk_copy;
