//! Reads the object `obj` of a server on this machine as a stream and drops the bytes:
//! `stream PORT PART CONCURRENCY [BYTES_PER_SECOND]`.
//!
//! PART is the size of a range in bytes. BYTES_PER_SECOND makes the program a slow reader. `measure.py` runs this program.

use std::error::Error;
use std::time::Duration;

use qingstor_sdk::{Config, QingStor};
use tokio::time::{Instant, sleep_until};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (port, part_size, concurrency, bytes_per_second) = match arguments.as_slice() {
        [port, part_size, concurrency] => (port, part_size, concurrency, None),
        [port, part_size, concurrency, rate] => (port, part_size, concurrency, Some(rate.parse::<f64>()?)),
        _ => return Err("usage: stream PORT PART CONCURRENCY [BYTES_PER_SECOND]".into()),
    };
    let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").endpoint(format!("http://127.0.0.1:{port}"));
    let download = QingStor::new(config)?.bucket("bkt", None).download("obj");
    let mut stream = download.part_size(part_size.parse()?).concurrency(concurrency.parse()?).stream().await?;
    let start = Instant::now();
    let mut received = 0;
    while let Some(bytes) = stream.next().await? {
        received += bytes.len();
        if let Some(rate) = bytes_per_second {
            sleep_until(start + Duration::from_secs_f64(received as f64 / rate)).await;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{received} bytes in {seconds:.2} s, verified: {}", stream.is_verified());
    Ok(())
}
