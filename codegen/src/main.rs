//! `cargo codegen`: see `cargo codegen --help`.

use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::Parser;
use qingstor_codegen::command::{Arguments, run};

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    // A terminal, unless NO_COLOR, CLICOLOR and their kin say otherwise.
    arguments.coloured = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    run(&arguments, &mut std::io::stdout(), &mut anstream::stderr())
}
