//! Uploads a file in parts and downloads the object: `program ENDPOINT BUCKET KEY FILE`.

use std::error::Error;

use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, GetObjectInput, InitiateMultipartUploadInput, UploadMultipartInput,
};
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{Body, Config, QingStor};

const PART_SIZE: u64 = 8 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [_, endpoint, bucket, key, file] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("usage: program ENDPOINT BUCKET KEY FILE".into());
    };
    let config = Config::new(std::env::var("ACCESS_KEY_ID")?, std::env::var("SECRET_ACCESS_KEY")?).endpoint(endpoint);
    let bucket = QingStor::new(config)?.bucket(bucket, None);
    let size = std::fs::metadata(file)?.len();

    let upload = bucket.initiate_multipart_upload(key, InitiateMultipartUploadInput::new()).await?;
    let mut parts = Vec::new();
    for number in 0..size.div_ceil(PART_SIZE) {
        let offset = number * PART_SIZE;
        let body = Body::file_region(file, offset, PART_SIZE.min(size - offset)).await?;
        let number = u32::try_from(number)?;
        bucket.upload_multipart(key, UploadMultipartInput::new(&upload.upload_id, number).body(body)).await?;
        parts.push(ObjectPart::new(number));
    }
    bucket.complete_multipart_upload(key, CompleteMultipartUploadInput::new(&upload.upload_id, parts)).await?;

    let mut body = bucket.get_object(key, GetObjectInput::new()).await?.body;
    let mut received = 0;
    while let Some(chunk) = body.next().await? {
        received += chunk.len();
    }
    println!("downloaded {received} of {size} bytes");
    Ok(())
}
