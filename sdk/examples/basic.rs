//! Stores an object, reads it, lists it and deletes it.
//!
//!     cargo run --example basic -p qingstor-sdk
//!
//! If no access keys are configured, it starts a local server. Otherwise it needs the name of a bucket:
//!
//!     cargo run --example basic -p qingstor-sdk -- my-bucket

use std::process::ExitCode;

use qingstor_emulator::Emulator;
use qingstor_sdk::operations::{DeleteObjectInput, GetObjectInput, HeadObjectInput, ListObjectsInput, PutObjectInput};
use qingstor_sdk::{Bucket, Config, QingStor, Result};

const KEY: &str = "greetings/hello.txt";

#[tokio::main]
async fn main() -> ExitCode {
    match connect_and_run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn connect_and_run() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let config = Config::load()?;
    if !config.is_anonymous() {
        let name =
            std::env::args().nth(1).ok_or("access keys are configured: name a bucket, as in `basic my-bucket`")?;
        return Ok(run(&QingStor::new(config)?.bucket(name, None)).await?);
    }
    println!("No access keys are configured, so this example uses a local server.");
    let emulator = Emulator::builder().bucket("example-bucket").start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    Ok(run(&QingStor::new(config)?.bucket("example-bucket", emulator.zone())).await?)
}

async fn run(bucket: &Bucket) -> Result<()> {
    // A body can be text, bytes, a file or a stream.
    let input = PutObjectInput::new().content_type("text/plain").body("Hello, QingStor!");
    bucket.put_object(KEY, input).await?;
    println!("put     {KEY}");

    let object = bucket.get_object(KEY, GetObjectInput::new()).await?;
    let content = object.body.bytes().await?;
    println!("get     {KEY}: {:?}", String::from_utf8_lossy(&content));

    let properties = bucket.head_object(KEY, HeadObjectInput::new()).await?;
    let (size, content_type) = (properties.content_length.unwrap_or(0), properties.content_type.unwrap_or_default());
    println!("head    {KEY}: {size} bytes, {content_type}");

    // `paginate` requests further pages as needed.
    let mut objects = bucket.paginate(ListObjectsInput::new().prefix("greetings/")).items();
    while let Some(object) = objects.next().await {
        println!("list    {}", object?.key);
    }

    bucket.delete_object(KEY, DeleteObjectInput::new()).await?;
    println!("delete  {KEY}");

    match bucket.get_object(KEY, GetObjectInput::new()).await {
        Err(error) if error.is_not_found() => println!("get     {KEY}: not found"),
        Err(error) => return Err(error),
        Ok(_) => println!("get     {KEY}: stored again by another client"),
    }
    Ok(())
}
