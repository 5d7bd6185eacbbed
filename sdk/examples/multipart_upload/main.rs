//! Uploads a file in parts, lists them, completes the upload, and reads the object back to compare.
//!
//! Without access keys in the environment it starts a local server:
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
use qingstor_sdk::types::ObjectPart;
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

    // 1. A client from an access key pair, and a bucket from a name and a zone.
    let config = Config::load()?;
    let (bucket, _emulator) = if config.is_anonymous() {
        let (bucket, emulator) = on_own_server(arguments.bucket.as_deref()).await?;
        (bucket, Some(emulator))
    } else {
        let name = arguments
            .bucket
            .as_deref()
            .ok_or("access keys are configured, so a bucket is required: use --bucket NAME")?;
        // The zone is the configuration's.
        (QingStor::new(config)?.bucket(name, None), None)
    };

    // 2. The upload, with what describes the finished object.
    let initiated = bucket
        .initiate_multipart_upload(
            &key,
            InitiateMultipartUploadInput::new()
                .content_type("application/octet-stream")
                .metadata("example", "multipart"),
        )
        .await?;
    println!("initiated upload {} of {key:?} to bucket {:?}", initiated.upload_id, bucket.name());

    // 3. The parts. An error or Ctrl-C aborts the upload, because its parts are billed.
    let uploading = upload_parts(&bucket, &key, &initiated.upload_id, &source, part_size);
    let outcome = interruptible(uploading).await;
    if let Err(error) = outcome {
        let abort = AbortMultipartUploadInput::new(&initiated.upload_id);
        let aborting = async { Ok(bucket.abort_multipart_upload(&key, abort).await?) };
        return Err(match interruptible(aborting).await {
            Ok(_) => format!("{error}\nthe upload was aborted").into(),
            Err(failure) => format!("{error}\nand the upload could not be aborted: {failure}").into(),
        });
    }

    // 6. Read the object back and compare.
    interruptible(read_back(&bucket, &key, &source)).await
}

/// Drops the work at Ctrl-C. Every call of the SDK can be cancelled like this.
async fn interruptible<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    }
}

async fn upload_parts(bucket: &Bucket, key: &str, upload_id: &str, source: &Source, part_size: u64) -> Result<()> {
    let progress = Progress::new("uploading", source.size());
    let mut offset = 0;
    let mut part_number = 0;
    // An empty file is one empty part.
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
                None => format!("part {part_number} did not get through: {error}"),
            }
            .into());
        }
        offset += length;
        part_number += 1;
        progress.advance(length);
    }
    progress.finish();

    // 4. The parts on the server. A page has at most 1,000 parts; the last part number leads to the next page.
    let mut parts: Vec<ObjectPart> = Vec::new();
    loop {
        let last = parts.last().map(|part| part.part_number);
        let mut page = ListMultipartInput::new(upload_id);
        page.part_number_marker = last;
        let listed = bucket.list_multipart(key, page).await?.object_parts;
        let known = parts.len();
        parts.extend(listed.into_iter().filter(|part| last.is_none_or(|last| part.part_number > last)));
        if parts.len() == known {
            break;
        }
    }
    let listed: u64 = parts.iter().filter_map(|part| part.size).sum();
    println!("listed {} parts, {listed} bytes", parts.len());
    if listed != source.size() {
        return Err(format!("the server lists {listed} bytes, but the file has {}", source.size()).into());
    }

    // 5. The object.
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
    while let Some(piece) = object.body.chunk().await? {
        hash.update(&piece);
        size += piece.len() as u64;
        progress.advance(piece.len() as u64);
    }
    let elapsed = progress.finish();
    if hash.finalize().as_slice() != expected {
        return Err(format!("the {size} bytes read back differ from the {} bytes sent", source.size()).into());
    }
    println!("verified {}", progress::summary(size, elapsed));
    Ok(())
}

/// Starts a local server, for users without an account.
async fn on_own_server(bucket: Option<&str>) -> Result<(Bucket, Emulator)> {
    let emulator = Emulator::start().await?;
    println!("no access keys are configured: using a local server at {}", emulator.endpoint());
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket(bucket.unwrap_or("example-bucket"), emulator.zone());
    bucket.put_bucket(PutBucketInput::new()).await?;
    Ok((bucket, emulator))
}
