//! Uploads a file of any size in parts, side by side; resumes with a checkpoint.
//!
//!     cargo run --release --example upload -p qingstor-sdk -- FILE --bucket B --key K --checkpoint FILE.qsupload
//!
//! Without access keys in the environment it starts a server of its own, so it runs anywhere.

mod arguments;
mod display;

use std::process::ExitCode;

use clap::Parser;
use qingstor_emulator::Emulator;
use qingstor_sdk::{Bucket, Config, ErrorKind, PutBucketInput, QingStor, Uploaded};

use arguments::Arguments;
use display::Display;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let config = Config::load()?;
    let (bucket, _emulator) = if config.is_anonymous() {
        let (bucket, emulator) = on_own_server(arguments.bucket.as_deref()).await?;
        (bucket, Some(emulator))
    } else {
        let name = arguments.bucket.as_deref().ok_or("which bucket? Say it with --bucket NAME")?;
        (QingStor::new(config)?.bucket(name, ""), None)
    };
    let display = Display::new();
    let mut upload = bucket
        .upload(arguments.key()?)
        .file(&arguments.file)
        .part_size(arguments.part_size)
        .concurrency(arguments.concurrency)
        .checksum(arguments.checksum())
        .on_progress({
            let display = display.clone();
            move |progress| display.show(progress)
        });
    if let Some(path) = &arguments.checkpoint {
        upload = upload.checkpoint(path);
    }
    if let Some(bytes) = arguments.bandwidth {
        upload = upload.bandwidth(bytes);
    }
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    let uploaded = match upload.cancel_on(interrupted).send().await {
        Ok(uploaded) => uploaded,
        Err(error) => {
            display.stop();
            let hint = match &arguments.checkpoint {
                Some(path) if path.exists() => "\nthe same command goes on where it was",
                None if error.kind() == ErrorKind::Cancelled => "\nwith --checkpoint FILE it could be resumed",
                _ => "",
            };
            return Err(format!("{error}{hint}").into());
        }
    };
    display.finish();
    report(&uploaded);
    Ok(())
}

fn report(uploaded: &Uploaded) {
    let Uploaded { key, size, parts, attempts, resumed_bytes, retried_bytes, .. } = uploaded;
    if uploaded.restarted {
        println!("the server did not know the upload of the checkpoint any more: it began anew");
    }
    println!("{key:?} has {size} bytes in {parts} parts, by {attempts} requests");
    println!("{resumed_bytes} bytes were there already, {retried_bytes} were sent in vain");
    println!("ETag {}", uploaded.etag.as_deref().unwrap_or("unknown"));
}

/// A QingStor server in this process, for whoever has no account at hand.
async fn on_own_server(bucket: Option<&str>) -> Result<(Bucket, Emulator)> {
    let emulator = Emulator::start().await?;
    println!("no access keys are configured: using a server of this process at {}", emulator.endpoint());
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket(bucket.unwrap_or("example-bucket"), emulator.zone());
    bucket.put_bucket(PutBucketInput::new()).await?;
    Ok((bucket, emulator))
}
