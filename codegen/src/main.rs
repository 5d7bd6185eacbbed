//! The command `cargo codegen`. See `cargo codegen --help`.

use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::Parser;
use qingstor_codegen::command::{Arguments, run};

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    // Colours are for terminals, unless variables such as NO_COLOR or CLICOLOR_FORCE decide otherwise.
    arguments.coloured = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    run(&arguments, &mut std::io::stdout(), &mut anstream::stderr())
}
