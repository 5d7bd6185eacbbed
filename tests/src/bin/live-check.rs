//! Compares a server of QingStor with the emulator, and prints a report in Markdown.

use std::process::ExitCode;

use clap::Parser;
use qingstor_sdk::Config;
use qingstor_tests::live_check::{self, Options};

/// Compares a server of QingStor with the emulator and prints a report in Markdown
///
/// The access keys come from the environment variables QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY, or from
/// the configuration file of the SDK. All keys of objects begin with a new prefix. At the end and after Ctrl-C, everything
/// that was created is removed. Exit status: 0 without differences, 1 with differences, 2 if the check cannot start, 130
/// after Ctrl-C.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { options } = Arguments::parse();
    let result = async { live_check::run(&options, Config::load()?, interrupted()).await };
    match result.await {
        Ok(report) => {
            print!("{report}");
            match report.is_interrupted() {
                true => ExitCode::from(130),
                false if report.is_success() => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Waits for Ctrl-C. A second Ctrl-C ends the program at once.
async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("Ctrl-C cannot be handled: {error}");
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        let _ = tokio::signal::ctrl_c().await;
        eprintln!("interrupted again; the clean-up is incomplete");
        std::process::exit(130);
    });
}
