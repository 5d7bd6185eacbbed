//! Downloads an object of any size in concurrent ranges, and resumes if it was interrupted.
//!
//!     cargo run --release --example download -p qingstor-sdk -- --bucket B --key K FILE
//!
//! Without access keys in the environment it starts a local server, which has the objects of the example `upload`.

mod arguments;
#[path = "../common/mod.rs"]
mod common;

use std::process::ExitCode;

use clap::Parser;
use qingstor_sdk::{Downloaded, Error, ErrorKind};

use arguments::Arguments;
use common::{Display, Result, advice, exit_code, failed, interrupted, place};

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
    let outcome = download.cancel_on(interrupted()).send().await;
    display.stop();
    Ok(match outcome {
        Ok(downloaded) => {
            report(&downloaded, arguments);
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, hint(&error, arguments)),
    })
}

fn hint(error: &Error, arguments: &Arguments) -> Option<String> {
    if error.is_not_found() {
        let key = &arguments.key;
        return Some(format!(
            "is there such a bucket (its zone: QINGSTOR_ZONE), and an object {key:?} in it? The example `upload` puts one \
             there"
        ));
    }
    match error.kind() {
        ErrorKind::Cancelled | ErrorKind::Timeout | ErrorKind::Connection => {
            Some("the same command continues with the ranges fetched so far, if there are any".to_owned())
        }
        _ => advice(error),
    }
}

fn report(downloaded: &Downloaded, arguments: &Arguments) {
    let Downloaded { size, parts, attempts, resumed_bytes, .. } = downloaded;
    println!("{} has {size} bytes in {parts} parts, by {attempts} requests", arguments.file.display());
    println!("resumed {resumed_bytes} bytes");
    let verified = if downloaded.is_verified { "verified" } else { "not verified" };
    println!("ETag {}, {verified}", downloaded.etag.as_deref().unwrap_or("unknown"));
}
