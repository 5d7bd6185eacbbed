//! Buckets in the host name, against a server that takes them from there.
//!
//! Protects: in virtual-host style hosts, paths and signatures fit together for the account, for a bucket and for an
//! object, in requests as in links.
//!
//! Few systems resolve names such as `bucket.pek3a.localhost`. So the requests go through an HTTP proxy, which nobody
//! asks to resolve anything: the emulator is one, as far as requests to itself are concerned. Links go straight to it,
//! by a client that takes every host for this machine. Where the system does resolve such names, the requests go straight too.

use std::time::Duration;

use qingstor_emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE, Emulator};
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, DeleteBucketInput, DeleteMultipleObjectsInput,
    GetObjectInput, HeadBucketInput, InitiateMultipartUploadInput, ListBucketsInput, ListMultipartInput,
    ListMultipartUploadsInput, ListObjectsInput, PutBucketInput, PutObjectInput, UploadMultipartInput,
};
use qingstor_sdk::types::{ObjectPart, ObjectSummary};
use qingstor_sdk::{AddressingStyle, Bucket, Config, ErrorKind, PresignedRequest, QingStor, RetryConfig};
use qingstor_tests::{PlainRequest, PlainResponse, is_child_process, run_in_child_process};

const NAME: &str = "virtual-bucket";
const KEY: &str = "//dir/a key + ü?.txt";
const LIFETIME: Duration = Duration::from_secs(60);
/// The port of the emulator, for the child process that sends its requests through the proxy of its environment.
const PORT: &str = "QINGSTOR_TEST_VIRTUAL_HOST_PORT";

fn account(port: u16) -> QingStor {
    let config = Config::new(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY)
        .endpoint(format!("http://localhost:{port}"))
        .addressing_style(AddressingStyle::VirtualHost)
        .retry(RetryConfig::disabled());
    QingStor::new(config).unwrap()
}

/// Everything that can be done in virtual-host style. It leaves nothing behind.
async fn flow(port: u16) {
    let account = account(port);
    let bucket = account.bucket(NAME, DEFAULT_ZONE);
    bucket.put_bucket(PutBucketInput::new()).await.unwrap();
    bucket.head_bucket(HeadBucketInput::new()).await.unwrap();
    let buckets = account.list_buckets(ListBucketsInput::new()).await.unwrap().buckets;
    assert!(buckets.iter().any(|bucket| bucket.name == NAME));

    upload_in_parts(&bucket).await;
    let object = bucket.get_object(KEY, GetObjectInput::new()).await.unwrap();
    assert_eq!(object.content_type.as_deref(), Some("text/x-virtual"));
    assert_eq!(object.body.bytes().await.unwrap(), "first,last");

    let copy = PutObjectInput::new().copy_source(format!("/{NAME}/{KEY}"));
    bucket.put_object("copy", copy).await.unwrap();
    let listed = bucket.list_objects(ListObjectsInput::new().limit(10)).await.unwrap();
    let keys: Vec<_> = listed.keys.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, [KEY, "copy"]);
    let deletion = DeleteMultipleObjectsInput::new(keys.into_iter().map(ObjectSummary::new));
    assert_eq!(bucket.delete_multiple_objects(deletion).await.unwrap().deleted.len(), 2);
    bucket.delete_bucket(DeleteBucketInput::new()).await.unwrap();
    let error = bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    assert_eq!(error.code(), Some("bucket_not_exists"), "{error}");
}

async fn upload_in_parts(bucket: &Bucket) {
    let initiate = || InitiateMultipartUploadInput::new().content_type("text/x-virtual");
    let abandoned = bucket.initiate_multipart_upload(KEY, initiate()).await.unwrap().upload_id;
    let id = bucket.initiate_multipart_upload(KEY, initiate()).await.unwrap().upload_id;
    for (number, text) in [(0, "first,"), (1, "last")] {
        bucket.upload_multipart(KEY, UploadMultipartInput::new(&id, number).body(text)).await.unwrap();
    }
    let uploads = bucket.list_multipart_uploads(ListMultipartUploadsInput::new()).await.unwrap().uploads;
    assert_eq!(uploads.len(), 2);
    bucket.abort_multipart_upload(KEY, AbortMultipartUploadInput::new(&abandoned)).await.unwrap();
    let parts = bucket.list_multipart(KEY, ListMultipartInput::new(&id)).await.unwrap().object_parts;
    bucket.complete_multipart_upload(KEY, CompleteMultipartUploadInput::new(&id, parts)).await.unwrap();
}

#[tokio::test]
async fn requests_name_the_bucket_in_the_host() {
    if is_child_process() {
        return flow(std::env::var(PORT).unwrap().parse().unwrap()).await;
    }
    let emulator = Emulator::builder().allow_tiny_parts(true).start().await.unwrap();
    let (proxy, port) = (emulator.endpoint(), emulator.port().to_string());
    let variables = [(PORT, port.as_str()), ("http_proxy", &proxy), ("HTTP_PROXY", &proxy)];
    let test = "virtual_host::requests_name_the_bucket_in_the_host";
    run_in_child_process(test, &variables, &["no_proxy", "NO_PROXY"]).await.unwrap();

    let host = format!("{NAME}.{DEFAULT_ZONE}.localhost");
    if tokio::net::lookup_host((host, emulator.port())).await.is_ok() {
        flow(emulator.port()).await;
    }
}

/// Follows a link to the bucket, which has to name it in its host.
async fn follow(emulator: &Emulator, link: &PresignedRequest, body: &str) -> PlainResponse {
    let host = format!("http://{NAME}.{DEFAULT_ZONE}.localhost:{}/", emulator.port());
    assert!(link.url().starts_with(&host), "{}", link.url());
    let request = PlainRequest::of(link);
    let request = if link.body().is_some() { request } else { request.body(body) };
    request.send().await.unwrap()
}

fn json(answer: &PlainResponse) -> serde_json::Value {
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn links_name_the_bucket_in_the_host() {
    let emulator = Emulator::builder().bucket(NAME).allow_tiny_parts(true).start().await.unwrap();
    let bucket = account(emulator.port()).bucket(NAME, DEFAULT_ZONE);

    let initiate = InitiateMultipartUploadInput::new().content_type("text/x-virtual").metadata("a", "b");
    let answer = follow(&emulator, &bucket.presign_object(KEY, initiate, LIFETIME).unwrap(), "").await;
    assert_eq!(answer.status, 200);
    let initiated = json(&answer);
    let id = initiated["upload_id"].as_str().unwrap();
    for (number, text) in [(0, "first,"), (1, "last")] {
        let part = UploadMultipartInput::new(id, number);
        let answer = follow(&emulator, &bucket.presign_object(KEY, part, LIFETIME).unwrap(), text).await;
        assert_eq!(answer.status, 201);
    }
    let complete = CompleteMultipartUploadInput::new(id, [ObjectPart::new(0), ObjectPart::new(1)]);
    let answer = follow(&emulator, &bucket.presign_object(KEY, complete, LIFETIME).unwrap(), "").await;
    assert_eq!(answer.status, 201);

    let link = bucket.presign_object(KEY, GetObjectInput::new(), LIFETIME).unwrap();
    let answer = follow(&emulator, &link, "").await;
    assert_eq!((answer.status, answer.header("x-qs-meta-a"), answer.text().as_str()), (200, Some("b"), "first,last"));
    let link = bucket.presign(ListObjectsInput::new().prefix("//dir"), LIFETIME).unwrap();
    let listed = json(&follow(&emulator, &link, "").await);
    assert_eq!(listed["keys"][0]["key"], KEY);
}

#[tokio::test]
async fn an_address_cannot_be_given_a_bucket() {
    let config =
        Config::new("KEY", "secret").endpoint("http://127.0.0.1:9000").addressing_style(AddressingStyle::VirtualHost);
    assert_eq!(QingStor::new(config).unwrap_err().kind(), ErrorKind::Config);
}
