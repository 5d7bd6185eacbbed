//! Uploads a file in parts and downloads the object: `program ENDPOINT BUCKET KEY FILE`.

use std::error::Error;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_sdk_s3::{Client, Config};

const PART_SIZE: u64 = 8 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [_, endpoint, bucket, key, file] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("usage: program ENDPOINT BUCKET KEY FILE".into());
    };
    let (id, secret) = (std::env::var("ACCESS_KEY_ID")?, std::env::var("SECRET_ACCESS_KEY")?);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new(id, secret, None, None, "environment"))
        .force_path_style(true)
        .build();
    let client = Client::from_conf(config);
    let size = std::fs::metadata(file)?.len();

    let upload = client.create_multipart_upload().bucket(bucket).key(key).send().await?;
    let upload_id = upload.upload_id().ok_or("no upload id")?;
    let mut parts = Vec::new();
    for index in 0..size.div_ceil(PART_SIZE) {
        let offset = index * PART_SIZE;
        let length = Length::Exact(PART_SIZE.min(size - offset));
        let body = ByteStream::read_from().path(file).offset(offset).length(length).build().await?;
        let number = i32::try_from(index)? + 1;
        let request = client.upload_part().bucket(bucket).key(key).upload_id(upload_id).part_number(number);
        let part = request.body(body).send().await?;
        parts.push(CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build());
    }
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let request = client.complete_multipart_upload().bucket(bucket).key(key).upload_id(upload_id);
    request.multipart_upload(parts).send().await?;

    let mut body = client.get_object().bucket(bucket).key(key).send().await?.body;
    let mut received = 0;
    while let Some(chunk) = body.try_next().await? {
        received += chunk.len();
    }
    println!("downloaded {received} of {size} bytes");
    Ok(())
}
