//! `cargo codegen`: see `cargo codegen --help`.

use std::process::ExitCode;

use clap::Parser;
use qingstor_codegen::command::{Arguments, run};

fn main() -> ExitCode {
    run(&Arguments::parse(), &mut std::io::stdout(), &mut std::io::stderr())
}
