//! Uploads a file in parts with the operations of the API, and reads the object back to compare it.
//!
//! To upload files in your own program, use `Bucket::upload`, as in the example `upload`. It sends parts concurrently, retries
//! them and can resume an interrupted upload.
//!
//! If no access keys are configured, it starts a local server:
//!
//!     cargo run --release --example multipart_upload -p qingstor-sdk

mod arguments;
mod progress;
#[path = "../common/size.rs"]
mod size;
mod source;

use std::process::ExitCode;

use clap::Parser;
use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, GetObjectInput, InitiateMultipartUploadInput,
    ListMultipartInput, PutBucketInput, UploadMultipartInput,
};
use qingstor_sdk::{Body, Bucket, Config, QingStor};
use sha2::{Digest, Sha256};

use arguments::Arguments;
use progress::Progress;
use source::Source;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let source = Source::open(arguments.file.as_deref())?;
    let part_size = arguments.part_size_for(source.size())?;
    let key = arguments.key.clone().unwrap_or_else(|| source.name());

    // 1. Create a client from an access key pair, and a handle of a bucket.
    let config = Config::load()?;
    let (bucket, _emulator) = if config.is_anonymous() {
        let (bucket, emulator) = on_local_server(arguments.bucket.as_deref()).await?;
        (bucket, Some(emulator))
    } else {
        let name = arguments
            .bucket
            .as_deref()
            .ok_or("access keys are configured, so a bucket is required: use --bucket NAME")?;
        // `None` is the zone of the configuration.
        (QingStor::new(config)?.bucket(name, None), None)
    };

    // 2. Initiate the upload. The input contains the properties of the object that will be created.
    let initiated = bucket
        .initiate_multipart_upload(
            &key,
            InitiateMultipartUploadInput::new()
                .content_type("application/octet-stream")
                .metadata("example", "multipart"),
        )
        .await?;
    println!("started upload {} of {key:?} to bucket {:?}", initiated.upload_id, bucket.name());

    // If an error occurs or Ctrl-C is pressed, abort the upload. Otherwise its parts stay on the server and are billed.
    let uploading = upload_parts(&bucket, &key, &initiated.upload_id, &source, part_size);
    let outcome = interruptible(uploading).await;
    if let Err(error) = outcome {
        let abort = AbortMultipartUploadInput::new(&initiated.upload_id);
        let aborting = async { Ok(bucket.abort_multipart_upload(&key, abort).await?) };
        return Err(match interruptible(aborting).await {
            Ok(_) => format!("{error}\nthe upload was aborted").into(),
            Err(failure) => format!("{error}\nthe upload could not be aborted: {failure}").into(),
        });
    }

    // 6. Read the object and compare it with the file.
    interruptible(read_back(&bucket, &key, &source)).await
}

/// Cancels the work at Ctrl-C. Every call of the SDK can be cancelled by dropping its future.
async fn interruptible<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    }
}

/// Uploads all parts and completes the upload.
async fn upload_parts(bucket: &Bucket, key: &str, upload_id: &str, source: &Source, part_size: u64) -> Result<()> {
    // 3. Upload the parts.
    let progress = Progress::new("uploading", source.size());
    let mut offset = 0;
    let mut part_number = 0;
    // An empty file has one empty part.
    while offset < source.size() || part_number == 0 {
        let length = part_size.min(source.size() - offset);
        let body = Body::file_region(source.path(), offset, length).await?;
        let part = UploadMultipartInput::new(upload_id, part_number).content_length(length).body(body);
        if let Err(error) = bucket.upload_multipart(key, part).await {
            return Err(match error.status() {
                Some(status) if status.is_client_error() => {
                    format!("the server refused part {part_number}: {error}")
                }
                Some(_) => format!("the server failed at part {part_number}: {error}"),
                None => format!("part {part_number} could not be uploaded: {error}"),
            }
            .into());
        }
        offset += length;
        part_number += 1;
        progress.advance(length);
    }
    progress.finish();

    // 4. List the parts on the server. `paginate_object` requests all pages.
    let parts = bucket.paginate_object(key, ListMultipartInput::new(upload_id)).items().into_vec().await?;
    let listed: u64 = parts.iter().filter_map(|part| part.size).sum();
    println!("listed {} parts, {listed} bytes", parts.len());
    if listed != source.size() {
        return Err(format!("the parts on the server have {listed} bytes, but the file has {}", source.size()).into());
    }

    // 5. Complete the upload, which creates the object.
    let completed = bucket.complete_multipart_upload(key, CompleteMultipartUploadInput::new(upload_id, parts)).await?;
    println!("completed with status {}", completed.response.status.as_u16());
    Ok(())
}

async fn read_back(bucket: &Bucket, key: &str, source: &Source) -> Result<()> {
    let expected = source.sha256()?;
    let progress = Progress::new("reading back", source.size());
    let mut object = bucket.get_object(key, GetObjectInput::new()).await?;
    let mut hash = Sha256::new();
    let mut size = 0;
    while let Some(chunk) = object.body.next().await? {
        hash.update(&chunk);
        size += chunk.len() as u64;
        progress.advance(chunk.len() as u64);
    }
    let elapsed = progress.finish();
    if hash.finalize().as_slice() != expected {
        return Err(format!("the object of {size} bytes differs from the file of {} bytes", source.size()).into());
    }
    println!("verified {}", progress::summary(size, elapsed));
    Ok(())
}

/// Starts a local server and returns a bucket on it.
async fn on_local_server(bucket: Option<&str>) -> Result<(Bucket, Emulator)> {
    let emulator = Emulator::start().await?;
    println!("no access keys are configured: using a local server at {}", emulator.endpoint());
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket(bucket.unwrap_or("example-bucket"), emulator.zone());
    bucket.put_bucket(PutBucketInput::new()).await?;
    Ok((bucket, emulator))
}
