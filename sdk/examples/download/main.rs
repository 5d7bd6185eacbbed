//! Downloads an object in concurrent ranges. An interrupted download is resumed by the next run.
//!
//!     cargo run --release --example download -p qingstor-sdk -- --bucket B --key K FILE
//!
//! If no access keys are configured, it starts a local server, which has the objects that the example `upload` stored.

mod arguments;
#[path = "../common/mod.rs"]
mod common;

use std::process::ExitCode;

use clap::Parser;
use qingstor_sdk::{Downloaded, Error, ErrorKind};

use arguments::Arguments;
use common::{Display, Result, advice, connect, exit_code, failed, interrupted};

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(run(&Arguments::parse()).await)
}

async fn run(arguments: &Arguments) -> Result<ExitCode> {
    arguments.check()?;
    let target = connect(arguments.bucket.as_deref()).await?;
    let display = Display::new();
    let mut download = target
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
            "check that the bucket and the object {key:?} exist, and the zone of the bucket (QINGSTOR_ZONE); the example \
             `upload` stores an object"
        ));
    }
    match error.kind() {
        ErrorKind::Cancelled | ErrorKind::Timeout | ErrorKind::Connection => {
            Some("run the same command again to continue the download".to_owned())
        }
        _ => advice(error),
    }
}

fn report(downloaded: &Downloaded, arguments: &Arguments) {
    let Downloaded { size, parts, attempts, resumed_bytes, .. } = downloaded;
    let (key, file) = (&arguments.key, arguments.file.display());
    println!("downloaded {key:?} to {file}: {size} bytes in {parts} parts with {attempts} requests");
    println!("resumed {resumed_bytes} bytes");
    let verified = if downloaded.is_verified { "verified" } else { "not verified" };
    println!("ETag {}, {verified}", downloaded.etag.as_deref().unwrap_or("unknown"));
}
