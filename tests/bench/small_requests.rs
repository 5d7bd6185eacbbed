//! Sends COUNT requests to a server on this machine, by the SDK or by plain reqwest:
//! `small_requests sdk|reqwest put|get PORT COUNT CONCURRENCY`.
//!
//! `put` stores objects of 1 KiB. `get` reads the first KiB of the object `obj`. `measure.py` runs this program.

use std::error::Error;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use qingstor_sdk::operations::{GetObjectInput, PutObjectInput};
use qingstor_sdk::{Config, QingStor};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Number of bytes in each request or response.
const SIZE: usize = 1024;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [client, method, port, count, concurrency] = arguments.as_slice() else {
        return Err("usage: small_requests sdk|reqwest put|get PORT COUNT CONCURRENCY".into());
    };
    let (count, concurrency) = (count.parse()?, concurrency.parse()?);
    let endpoint = format!("http://127.0.0.1:{port}");
    let content = Bytes::from(vec![7; SIZE]);
    let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").endpoint(&endpoint);
    let bucket = QingStor::new(config)?.bucket("bkt", None);
    let reqwest = plain_client()?;
    match (client.as_str(), method.as_str()) {
        ("sdk", "put") => {
            let put = async |number| {
                bucket.put_object(&format!("k{number}"), PutObjectInput::new().body(content.clone())).await?;
                Ok(())
            };
            send_all(count, concurrency, put).await
        }
        ("sdk", "get") => {
            let get = async |_| {
                let object = bucket.get_object("obj", GetObjectInput::new().range(0..SIZE as u64)).await?;
                check_size(&object.body.bytes().await?)
            };
            send_all(count, concurrency, get).await
        }
        ("reqwest", "put") => {
            let put = async |number| {
                let request = reqwest.put(format!("{endpoint}/bkt/k{number}")).body(content.clone());
                request.send().await?.error_for_status()?;
                Ok(())
            };
            send_all(count, concurrency, put).await
        }
        ("reqwest", "get") => {
            let (url, range) = (format!("{endpoint}/bkt/obj"), format!("bytes=0-{}", SIZE - 1));
            let get = async |_| {
                let response = reqwest.get(&url).header("range", &range).send().await?.error_for_status()?;
                check_size(&response.bytes().await?)
            };
            send_all(count, concurrency, get).await
        }
        _ => Err("the client is sdk or reqwest, and the method is put or get".into()),
    }
}

/// Returns a client of reqwest with the default settings, except that it ignores the proxies of the environment.
fn plain_client() -> Result<reqwest::Client> {
    // An error means that the process has a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

async fn send_all(count: usize, concurrency: usize, send: impl AsyncFn(usize) -> Result<()>) -> Result<()> {
    let requests = stream::iter(0..count).map(|number| send(number));
    requests.buffer_unordered(concurrency).try_for_each(async |()| Ok(())).await
}

fn check_size(content: &Bytes) -> Result<()> {
    if content.len() == SIZE { Ok(()) } else { Err(format!("{} bytes arrived", content.len()).into()) }
}
