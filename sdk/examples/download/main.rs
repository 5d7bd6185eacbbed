//! Downloads an object of any size, several ranges at a time; goes on where it was interrupted.
//!
//!     cargo run --release --example download -p qingstor-sdk -- --bucket B --key K FILE
//!
//! Without access keys in the environment it starts a server of its own, which has what the example `upload` put there.

mod arguments;
#[path = "../transfers/mod.rs"]
mod transfers;

use std::process::ExitCode;

use clap::Parser;
use qingstor_sdk::{Downloaded, Error, ErrorKind};

use arguments::Arguments;
use transfers::{Display, INTERRUPTED, Result, advice, exit_code, interrupted, place};

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(&Arguments::parse()).await)
}

async fn run(arguments: &Arguments) -> Result<ExitCode> {
    arguments.check()?;
    let place = place(arguments.bucket.as_deref()).await?;
    let display = Display::new();
    let mut download = place
        .bucket
        .download(&arguments.key)
        .to_file(&arguments.file)
        .part_size(arguments.part_size)
        .concurrency(arguments.concurrency)
        .on_progress({
            let display = display.clone();
            move |progress| display.show(progress)
        });
    if let Some(bytes) = arguments.bandwidth {
        download = download.bandwidth(bytes);
    }
    match download.cancel_on(interrupted()).send().await {
        Ok(downloaded) => {
            display.stop();
            report(&downloaded, arguments);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            display.stop();
            eprintln!("error: {error}");
            if let Some(hint) = hint(&error, arguments) {
                eprintln!("{hint}");
            }
            let is_interrupted = error.kind() == ErrorKind::Cancelled;
            Ok(if is_interrupted { INTERRUPTED.into() } else { ExitCode::FAILURE })
        }
    }
}

fn hint(error: &Error, arguments: &Arguments) -> Option<String> {
    if error.is_not_found() {
        let key = &arguments.key;
        return Some(format!(
            "is there such a bucket (its zone: QINGSTOR_ZONE), and an object {key:?} in it? The example `upload` puts one \
             there"
        ));
    }
    let partial = arguments.partial();
    match error.kind() {
        ErrorKind::Cancelled if !partial.exists() => Some("nothing was fetched yet".to_owned()),
        // Where it is kept, the error says.
        ErrorKind::Cancelled => Some("the same command goes on where it was".to_owned()),
        _ if partial.exists() => {
            let partial = partial.display();
            Some(format!("what is there is kept in {partial}: the same command goes on where it was"))
        }
        _ => advice(error).map(str::to_owned),
    }
}

fn report(downloaded: &Downloaded, arguments: &Arguments) {
    let Downloaded { size, parts, attempts, resumed_bytes, .. } = downloaded;
    println!("{} has {size} bytes in {parts} parts, by {attempts} requests", arguments.file.display());
    println!("{resumed_bytes} bytes were there already");
    let proof = if downloaded.is_verified { "is that of these bytes" } else { "says nothing of the bytes" };
    println!("ETag {} {proof}", downloaded.etag.as_deref().unwrap_or("unknown"));
}
