//! Benchmarks of computations: signing, encoding of requests, MD5 of parts, and the layout of parts.
//!
//!     cargo bench -p qingstor-sdk --features bench --bench costs

#![allow(clippy::expect_used, reason = "a benchmark may panic")]

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use http::{HeaderMap, HeaderValue, Method, header};
use md5::{Digest, Md5};
use qingstor_sdk::bench::{MD5_LANES, MD5_VECTOR, encode_request, md5_of_parts, part_layout};
use qingstor_sdk::operations::{PutObjectInput, UploadMultipartInput};
use qingstor_sdk::{Bucket, Config, MIB, QingStor, Secret, sign};

fn main() {
    divan::main();
}

fn bucket() -> Bucket {
    let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").endpoint("http://127.0.0.1:1");
    QingStor::new(config).expect("a valid configuration").bucket("bucket", None)
}

#[divan::bench]
fn sign_a_part(bencher: Bencher<'_, '_>) {
    let secret = Secret::from("SECRET_ACCESS_KEY");
    let mut headers = HeaderMap::new();
    headers.insert(header::DATE, HeaderValue::from_static("Wed, 10 Dec 2014 17:20:31 GMT"));
    headers.insert("content-md5", HeaderValue::from_static("1B2M2Y8AsgTpgAmY7PhCfg=="));
    bencher.bench(|| {
        let query = Some("part_number=7&upload_id=fd863bbb4b0d4bb9bcbf0b3e0e8f0c0a");
        let resource = sign::canonical_resource(None, "/bucket/backups/db.tar", query);
        sign::signature(&secret, sign::string_to_sign(&Method::PUT, black_box(&headers), &resource))
    });
}

#[divan::bench]
fn encode_request_of_a_part(bencher: Bencher<'_, '_>) {
    let bucket = bucket();
    bencher.bench(|| {
        let input =
            UploadMultipartInput::new("fd863bbb4b0d4bb9bcbf0b3e0e8f0c0a", 7).content_md5("1B2M2Y8AsgTpgAmY7PhCfg==");
        encode_request(&bucket, black_box("backups/db.tar"), input).expect("a valid input")
    });
}

#[divan::bench]
fn encode_request_of_an_object_with_metadata(bencher: Bencher<'_, '_>) {
    let bucket = bucket();
    bencher.bench(|| {
        let input = (0..8).fold(PutObjectInput::new().content_type("text/plain"), |input, i| {
            input.metadata(format!("name-{i}"), "a value of some length")
        });
        encode_request(&bucket, black_box("folder with spaces/文件.txt"), input).expect("a valid input")
    });
}

/// Number of bytes of each part that is hashed.
const BYTES_PER_PART: usize = 256 << 10;
const PAGE: usize = 4096;

/// Hashes several parts at the same time. `md5_of_one_part` is the baseline: it hashes one such part with the `md-5` crate.
#[divan::bench(args = [1, MD5_VECTOR, MD5_LANES])]
fn md5_of_parallel_parts(bencher: Bencher<'_, '_>, parts: usize) {
    let memory = vec![7; BYTES_PER_PART * parts + PAGE];
    // Uploads read into page-aligned memory too.
    let memory = &memory[memory.as_ptr().align_offset(PAGE)..][..BYTES_PER_PART * parts];
    let parts: Vec<&[u8]> = memory.chunks(BYTES_PER_PART).collect();
    bencher.counter(BytesCount::new(memory.len())).bench(|| md5_of_parts(black_box(&parts)));
}

#[divan::bench]
fn md5_of_one_part(bencher: Bencher<'_, '_>) {
    let memory = vec![7; BYTES_PER_PART];
    bencher.counter(BytesCount::new(BYTES_PER_PART)).bench(|| Md5::digest(black_box(&memory)));
}

#[divan::bench]
fn layout_of_ten_thousand_parts() -> (u32, u64) {
    part_layout(black_box(80_000 * MIB), 8 * MIB).expect("within the limits")
}
