//! Uploads a file in concurrent parts. With a checkpoint file, an interrupted upload is resumed by the next run.
//!
//!     cargo run --release --example upload -p qingstor-sdk -- FILE --bucket B --key K --checkpoint FILE.qsupload
//!
//! If no access keys are configured, it starts a local server, from which the example `download` can read the object.

mod arguments;
#[path = "../common/mod.rs"]
mod common;

use clap::Parser;
use qingstor_sdk::{Error, ErrorKind, UploadState, Uploaded};

use arguments::Arguments;
use common::{Display, Result, advice, connect, exit, failed, interrupted};

#[tokio::main]
async fn main() {
    exit(run(&Arguments::parse()).await);
}

async fn run(arguments: &Arguments) -> Result<i32> {
    arguments.check()?;
    let key = arguments.key()?;
    let target = connect(arguments.bucket.as_deref()).await?;
    let display = Display::new();
    let mut upload = target
        .bucket
        .upload(key)
        .part_size(arguments.part_size)
        .concurrency(arguments.concurrency)
        .checksum(arguments.checksum())
        .on_progress({
            let display = display.clone();
            move |progress| display.show(progress)
        });
    upload =
        if arguments.is_standard_input() { upload.reader(tokio::io::stdin()) } else { upload.file(&arguments.file) };
    if let Some(path) = &arguments.checkpoint {
        upload = upload.checkpoint(path);
    }
    if let Some(bytes) = arguments.bandwidth {
        upload = upload.bandwidth(bytes);
    }
    let outcome = upload.cancel_on(interrupted()).send().await;
    display.stop();
    Ok(match outcome {
        Ok(uploaded) => {
            report(&uploaded);
            0
        }
        Err(error) => failed(&error, hint(&error, arguments)),
    })
}

fn hint(error: &Error, arguments: &Arguments) -> Option<String> {
    match error.upload_state() {
        Some(UploadState::Kept { .. } | UploadState::Unknown { checkpoint: Some(_), .. }) => {
            Some("run the same command again to continue the upload".to_owned())
        }
        // If the file changed or cannot be read, a checkpoint would not help.
        Some(UploadState::Aborted | UploadState::AbortFailed { .. })
            if arguments.checkpoint.is_none() && !arguments.is_standard_input() && error.kind() != ErrorKind::Body =>
        {
            let file = arguments.file.display();
            Some(format!("use --checkpoint {file}.qsupload to be able to continue an interrupted upload"))
        }
        _ => advice(error),
    }
}

fn report(uploaded: &Uploaded) {
    let Uploaded { key, size, parts, attempts, resumed_bytes, retried_bytes, .. } = uploaded;
    if uploaded.restarted {
        println!("the upload in the checkpoint does not exist any more, so a new one was started");
    }
    match parts {
        0 => println!("uploaded {key:?}: {size} bytes"),
        _ => println!("uploaded {key:?}: {size} bytes in {parts} parts with {attempts} requests"),
    }
    println!("resumed {resumed_bytes} bytes, retried {retried_bytes} bytes");
    println!("ETag {}", uploaded.etag.as_deref().unwrap_or("unknown"));
}
