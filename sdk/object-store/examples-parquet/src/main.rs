//! Writes a Parquet file to QingStor, and reads two of its columns and some of its row groups back.
//!
//! Without arguments, the example starts an emulator and prints the requests that it has received:
//!
//!     cargo run
//!
//! With a bucket, it uses the service. The access keys and the zone are in the environment or in `~/.qingstor/config.yaml`:
//!
//!     cargo run -- my-bucket

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use futures_util::TryStreamExt;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
#[expect(
    deprecated,
    reason = "parquet advises programs to implement `AsyncFileReader` instead, which takes more code"
)]
use parquet::arrow::async_reader::ParquetObjectReader;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::arrow::{AsyncArrowWriter, ProjectionMask};
use parquet::file::properties::WriterProperties;
use qingstor_emulator::Emulator;
use qingstor_object_store::{QingStorStore, QingStorStoreBuilder};
use qingstor_sdk::{Config, QingStor};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ROWS: i64 = 2_000_000;
const ROWS_IN_GROUP: usize = 250_000;

#[tokio::main]
async fn main() -> Result<()> {
    if let Some(bucket) = std::env::args().nth(1) {
        let store = QingStorStoreBuilder::load()?.with_bucket_name(bucket).build()?;
        return write_and_read(Arc::new(store)).await;
    }
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("access.log");
    let emulator = Emulator::builder().bucket("my-bucket").access_log(&log).start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket("my-bucket", emulator.zone());
    write_and_read(Arc::new(QingStorStore::new(bucket))).await?;
    // The access log is complete when the emulator has stopped.
    emulator.stop().await;
    print_requests(&fs::read_to_string(log)?);
    Ok(())
}

async fn write_and_read(store: Arc<dyn ObjectStore>) -> Result<()> {
    let location = Path::from("parquet-example/measurements.parquet");
    write(Arc::clone(&store), &location).await?;
    let size = store.head(&location).await?.size;
    println!("wrote {ROWS} rows, {size} bytes");

    let (rows, sum) = read(Arc::clone(&store), &location, size).await?;
    // The row groups 2 and 5 contain the rows whose numbers the sum has.
    let expected: f64 = [2, 5].iter().flat_map(|group| rows_of(*group)).map(value).sum();
    assert_eq!(rows, 2 * ROWS_IN_GROUP);
    assert_eq!(sum, expected);
    println!("read {rows} rows of 2 columns and 2 row groups; the sum is as expected");
    store.delete(&location).await?;
    Ok(())
}

/// Writes the file with a multipart upload.
async fn write(store: Arc<dyn ObjectStore>, location: &Path) -> Result<()> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(ROWS_IN_GROUP)).build();
    let output = BufWriter::new(store, location.clone());
    let mut writer = AsyncArrowWriter::try_new(output, batch(0)?.schema(), Some(properties))?;
    for group in 0..ROWS as usize / ROWS_IN_GROUP {
        writer.write(&batch(group)?).await?;
    }
    writer.close().await?;
    Ok(())
}

/// Reads the columns `number` and `value` of two row groups. Returns the number of rows and the sum of the values, and checks
/// the numbers.
async fn read(store: Arc<dyn ObjectStore>, location: &Path, size: u64) -> Result<(usize, f64)> {
    #[expect(deprecated, reason = "as above")]
    let reader = ParquetObjectReader::new(store, location.clone()).with_file_size(size);
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
    let projection = ProjectionMask::columns(builder.parquet_schema(), ["number", "value"]);
    let mut batches = builder.with_projection(projection).with_row_groups(vec![2, 5]).build()?;
    let mut numbers = rows_of(2).chain(rows_of(5));
    let (mut rows, mut sum) = (0, 0.0);
    while let Some(batch) = batches.try_next().await? {
        assert_eq!(batch.num_columns(), 2);
        rows += batch.num_rows();
        let (of_batch, values) =
            (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Float64Type>());
        assert!(of_batch.values().iter().copied().eq(numbers.by_ref().take(batch.num_rows())));
        sum += values.values().iter().sum::<f64>();
    }
    Ok((rows, sum))
}

fn rows_of(group: usize) -> std::ops::Range<i64> {
    let first = (group * ROWS_IN_GROUP) as i64;
    first..first + ROWS_IN_GROUP as i64
}

/// Returns the value of a row. The sums of these numbers are exact.
fn value(row: i64) -> f64 {
    (row % 1000) as f64 / 4.0
}

fn batch(group: usize) -> Result<RecordBatch> {
    let rows = || rows_of(group);
    // Text that does not compress well, so that the file has several parts.
    let text = |row: i64| format!("{:016x}", (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let columns: [(&str, ArrayRef); 3] = [
        ("number", Arc::new(Int64Array::from_iter_values(rows()))),
        ("text", Arc::new(StringArray::from_iter_values(rows().map(text)))),
        ("value", Arc::new(Float64Array::from_iter_values(rows().map(value)))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// Prints the number of requests and the bytes of their bodies for each operation, from the access log of the emulator.
fn print_requests(log: &str) {
    let mut operations: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for line in log.lines() {
        let field = |name: &str| {
            let rest = line.split_once(&format!("\"{name}\":"))?.1;
            Some(rest.split([',', '}']).next()?.trim_matches('"'))
        };
        let bytes = |name| field(name).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
        let counts = operations.entry(field("operation").unwrap_or_default()).or_default();
        *counts = (counts.0 + 1, counts.1 + bytes("bytes_received"), counts.2 + bytes("bytes_sent"));
    }
    println!("{:<26} {:>8} {:>14} {:>10}", "operation", "requests", "bytes received", "bytes sent");
    let mut total = 0;
    for (operation, (requests, received, sent)) in operations {
        println!("{operation:<26} {requests:>8} {received:>14} {sent:>10}");
        total += requests;
    }
    println!("{total} requests");
}
