//! Uploads COUNT objects of 1 KiB to a server on this machine: `small_puts PORT COUNT CONCURRENCY`.
//!
//! `measure.py` runs this program.

use std::error::Error;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use qingstor_sdk::operations::PutObjectInput;
use qingstor_sdk::{Config, QingStor};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, count, concurrency] = arguments.as_slice() else {
        return Err("usage: small_puts PORT COUNT CONCURRENCY".into());
    };
    let (count, concurrency): (usize, usize) = (count.parse()?, concurrency.parse()?);
    let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").endpoint(format!("http://127.0.0.1:{port}"));
    let bucket = QingStor::new(config)?.bucket("bkt", None);
    let body = Bytes::from(vec![7; 1024]);
    let put = async |number| {
        let input = PutObjectInput::new().body(body.clone());
        bucket.put_object(&format!("k{number}"), input).await
    };
    stream::iter(0..count).map(put).buffer_unordered(concurrency).try_for_each(|_| async { Ok(()) }).await?;
    Ok(())
}
