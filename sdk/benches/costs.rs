//! What can become slower without anybody noticing: signing, making a request, MD5 of parts, planning.
//!
//!     cargo bench -p qingstor-sdk --features bench --bench costs

#![allow(clippy::expect_used, reason = "a benchmark that cannot begin has nothing to tell")]

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use http::{HeaderMap, HeaderValue, Method, header};
use md5::{Digest, Md5};
use qingstor_sdk::bench::{MD5_LANES, MD5_VECTOR, make_request, md5_of_parts, plan};
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
fn make_the_request_of_a_part(bencher: Bencher<'_, '_>) {
    let bucket = bucket();
    bencher.bench(|| {
        let input =
            UploadMultipartInput::new("fd863bbb4b0d4bb9bcbf0b3e0e8f0c0a", 7).content_md5("1B2M2Y8AsgTpgAmY7PhCfg==");
        make_request(&bucket, black_box("backups/db.tar"), input).expect("a valid input")
    });
}

#[divan::bench]
fn make_the_request_of_an_object_with_metadata(bencher: Bencher<'_, '_>) {
    let bucket = bucket();
    bencher.bench(|| {
        let input = (0..8).fold(PutObjectInput::new().content_type("text/plain"), |input, i| {
            input.metadata(format!("name-{i}"), "a value of some length")
        });
        make_request(&bucket, black_box("folder with spaces/文件.txt"), input).expect("a valid input")
    });
}

const HASHED: usize = 256 << 10;
const PAGE: usize = 4096;

/// Against `md5_alone`, which hashes as many bytes of one part by the `md-5` crate.
#[divan::bench(args = [1, MD5_VECTOR, MD5_LANES])]
fn md5_side_by_side(bencher: Bencher<'_, '_>, parts: usize) {
    let memory = vec![7; HASHED * parts + PAGE];
    // Where an upload has read to as well.
    let memory = &memory[memory.as_ptr().align_offset(PAGE)..][..HASHED * parts];
    let parts: Vec<&[u8]> = memory.chunks(HASHED).collect();
    bencher.counter(BytesCount::new(memory.len())).bench(|| md5_of_parts(black_box(&parts)));
}

#[divan::bench]
fn md5_alone(bencher: Bencher<'_, '_>) {
    let memory = vec![7; HASHED];
    bencher.counter(BytesCount::new(HASHED)).bench(|| Md5::digest(black_box(&memory)));
}

#[divan::bench]
fn plan_ten_thousand_parts() -> (u32, u64) {
    plan(black_box(80_000 * MIB), 8 * MIB).expect("within the limits")
}
