//! Uploads a file in parts and downloads the object: `program ENDPOINT BUCKET KEY FILE`.

use std::error::Error;

use futures::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};
use tokio::io::AsyncReadExt;

const PART_SIZE: u64 = 8 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [_, endpoint, bucket, key, file] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("usage: program ENDPOINT BUCKET KEY FILE".into());
    };
    let store = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_bucket_name(bucket)
        .with_region("us-east-1")
        .with_access_key_id(std::env::var("ACCESS_KEY_ID")?)
        .with_secret_access_key(std::env::var("SECRET_ACCESS_KEY")?)
        .with_allow_http(true)
        .build()?;
    let size = std::fs::metadata(file)?.len();
    let key = Path::parse(key)?;

    let mut upload = store.put_multipart(&key).await?;
    let mut source = tokio::fs::File::open(file).await?;
    for index in 0..size.div_ceil(PART_SIZE) {
        let mut part = vec![0; usize::try_from(PART_SIZE.min(size - index * PART_SIZE))?];
        source.read_exact(&mut part).await?;
        upload.put_part(part.into()).await?;
    }
    upload.complete().await?;

    let mut body = store.get(&key).await?.into_stream();
    let mut received = 0;
    while let Some(chunk) = body.try_next().await? {
        received += chunk.len();
    }
    println!("downloaded {received} of {size} bytes");
    Ok(())
}
