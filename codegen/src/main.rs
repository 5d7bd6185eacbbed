//! The command `cargo codegen`. See `cargo codegen --help`.

use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::Parser;
use qingstor_codegen::command::{Arguments, run};

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    // Only output to a terminal is coloured, unless a variable such as NO_COLOR or CLICOLOR_FORCE is set.
    arguments.coloured = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    run(&arguments, &mut std::io::stdout(), &mut anstream::stderr())
}
