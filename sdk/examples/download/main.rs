//! Downloads an object in concurrent ranges. An interrupted download to a file is resumed by the next run.
//!
//!     cargo run --release --example download -p qingstor-sdk -- --bucket B --key K FILE
//!     cargo run --release --example download -p qingstor-sdk -- --bucket B --key K.tar - | tar -x
//!
//! If no access keys are configured, it starts a local server, which has the objects that the example `upload` stored.

mod arguments;
#[path = "../common/mod.rs"]
mod common;

use std::error::Error as _;
use std::io;

use clap::Parser;
use qingstor_sdk::{Downloaded, Error, ErrorKind};

use arguments::Arguments;
use common::{Display, Result, advice, connect, exit, failed, interrupted};

/// Exit code of a program whose output was closed by the program that reads it, as in shells.
const BROKEN_PIPE: i32 = 141;

#[tokio::main]
async fn main() {
    exit(run(&Arguments::parse()).await);
}

async fn run(arguments: &Arguments) -> Result<i32> {
    arguments.check()?;
    let target = connect(arguments.bucket.as_deref()).await?;
    let display = Display::new();
    let mut download = target
        .bucket
        .download(&arguments.key)
        .part_size(arguments.part_size)
        .concurrency(arguments.concurrency)
        .on_progress({
            let display = display.clone();
            move |progress| display.show(progress)
        })
        .cancel_on(interrupted());
    if let Some(bytes) = arguments.bandwidth {
        download = download.bandwidth(bytes);
    }
    let outcome = if arguments.is_standard_output() {
        download.to_writer(tokio::io::stdout()).await
    } else {
        download.to_file(&arguments.file).send().await
    };
    display.stop();
    Ok(match outcome {
        Ok(downloaded) if arguments.is_standard_output() => {
            eprintln!("{}", summary(&downloaded, arguments));
            0
        }
        Ok(downloaded) => {
            println!("{}", summary(&downloaded, arguments));
            0
        }
        // The program that reads the output, such as `head`, needs no more bytes.
        Err(error) if is_broken_pipe(&error) => BROKEN_PIPE,
        Err(error) => failed(&error, hint(&error, arguments)),
    })
}

fn is_broken_pipe(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == io::ErrorKind::BrokenPipe)
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
        ErrorKind::Cancelled | ErrorKind::Timeout | ErrorKind::Connection if arguments.is_standard_output() => {
            Some("the output is incomplete; a download to a file could be continued".to_owned())
        }
        ErrorKind::Cancelled | ErrorKind::Timeout | ErrorKind::Connection => {
            Some("run the same command again to continue the download".to_owned())
        }
        _ => advice(error),
    }
}

fn summary(downloaded: &Downloaded, arguments: &Arguments) -> String {
    let Downloaded { size, parts, attempts, resumed_bytes, .. } = downloaded;
    let (key, etag) = (&arguments.key, downloaded.etag.as_deref().unwrap_or("unknown"));
    let verified = if downloaded.is_verified { "verified" } else { "not verified" };
    let (target, resumed) = if arguments.is_standard_output() {
        ("standard output".to_owned(), String::new())
    } else {
        (arguments.file.display().to_string(), format!("resumed {resumed_bytes} bytes\n"))
    };
    format!(
        "downloaded {key:?} to {target}: {size} bytes in {parts} parts with {attempts} requests\n{resumed}ETag {etag}, \
         {verified}"
    )
}
