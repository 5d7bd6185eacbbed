//! Virtual-host style, in which the bucket is part of the host name, and custom domains that stand for a bucket.
//!
//! The tests check that host, path and signature are consistent for operations of the account, of a bucket and of an
//! object, both in requests and in presigned requests.
//!
//! Few systems resolve names such as `bucket.pek3a.localhost`. The SDK therefore sends its requests through an HTTP
//! proxy, so that it resolves no name. The emulator itself is the proxy. If the system does resolve such names, the
//! requests are also sent directly. [`PlainRequest`] sends presigned requests to this machine, whatever their host name
//! is.

use std::time::Duration;

use qingstor_emulator::{DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE, Emulator};
use qingstor_sdk::operations::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, DeleteBucketInput, DeleteMultipleObjectsInput,
    GetObjectInput, HeadBucketInput, InitiateMultipartUploadInput, ListBucketsInput, ListMultipartInput,
    ListMultipartUploadsInput, ListObjectsInput, PutBucketCNAMEInput, PutBucketInput, PutObjectInput,
    UploadMultipartInput,
};
use qingstor_sdk::types::{ObjectPart, ObjectSummary};
use qingstor_sdk::{AddressingStyle, Bucket, Config, ErrorKind, PresignedRequest, QingStor, RetryConfig};
use qingstor_tests::{PlainRequest, PlainResponse, is_child_process, run_in_child_process};

const BUCKET: &str = "virtual-bucket";
const KEY: &str = "//dir/a key + ü?.txt";
const LIFETIME: Duration = Duration::from_secs(60);
/// Environment variable through which the child process gets the emulator's port.
const PORT_VARIABLE: &str = "QINGSTOR_TEST_VIRTUAL_HOST_PORT";

fn account(port: u16) -> QingStor {
    let config = Config::new(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY)
        .endpoint(format!("http://localhost:{port}"))
        .addressing_style(AddressingStyle::VirtualHost)
        .retry(RetryConfig::disabled());
    QingStor::new(config).unwrap()
}

/// Calls operations of the account, of a bucket and of objects, and deletes the bucket at the end.
async fn call_operations(port: u16) {
    let account = account(port);
    let bucket = account.bucket(BUCKET, DEFAULT_ZONE);
    bucket.put_bucket(PutBucketInput::new()).await.unwrap();
    bucket.head_bucket(HeadBucketInput::new()).await.unwrap();
    let buckets = account.list_buckets(ListBucketsInput::new()).await.unwrap().buckets;
    assert!(buckets.iter().any(|bucket| bucket.name == BUCKET));

    upload_in_parts(&bucket).await;
    let object = bucket.get_object(KEY, GetObjectInput::new()).await.unwrap();
    assert_eq!(object.content_type.as_deref(), Some("text/x-virtual"));
    assert_eq!(object.body.bytes().await.unwrap(), "first,last");

    let copy = PutObjectInput::new().copy_source(format!("/{BUCKET}/{KEY}"));
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

/// Completes one multipart upload and aborts another one.
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
async fn requests_have_the_bucket_in_the_host_name() {
    if is_child_process() {
        return call_operations(std::env::var(PORT_VARIABLE).unwrap().parse().unwrap()).await;
    }
    let emulator = Emulator::builder().allow_tiny_parts(true).start().await.unwrap();
    let (proxy, port) = (emulator.endpoint(), emulator.port().to_string());
    let variables = [(PORT_VARIABLE, port.as_str()), ("http_proxy", &proxy), ("HTTP_PROXY", &proxy)];
    let test = "virtual_host::requests_have_the_bucket_in_the_host_name";
    run_in_child_process(test, &variables, &["no_proxy", "NO_PROXY"]).await.unwrap();

    let host = format!("{BUCKET}.{DEFAULT_ZONE}.localhost");
    if tokio::net::lookup_host((host, emulator.port())).await.is_ok() {
        call_operations(emulator.port()).await;
    }
}

/// Sends a presigned request and asserts that its URL has the bucket in the host name. Sends `body` if the presigned
/// request has none.
async fn send_presigned(emulator: &Emulator, request: &PresignedRequest, body: &str) -> PlainResponse {
    let host = format!("http://{BUCKET}.{DEFAULT_ZONE}.localhost:{}/", emulator.port());
    assert!(request.url().starts_with(&host), "{}", request.url());
    let plain = PlainRequest::of(request);
    let plain = if request.body().is_some() { plain } else { plain.body(body) };
    plain.send().await.unwrap()
}

fn json(response: &PlainResponse) -> serde_json::Value {
    serde_json::from_slice(&response.body).unwrap()
}

#[tokio::test]
async fn presigned_requests_have_the_bucket_in_the_host_name() {
    let emulator = Emulator::builder().bucket(BUCKET).allow_tiny_parts(true).start().await.unwrap();
    let bucket = account(emulator.port()).bucket(BUCKET, DEFAULT_ZONE);

    let initiate = InitiateMultipartUploadInput::new().content_type("text/x-virtual").metadata("a", "b");
    let response = send_presigned(&emulator, &bucket.presign_object(KEY, initiate, LIFETIME).unwrap(), "").await;
    assert_eq!(response.status, 200);
    let initiated = json(&response);
    let id = initiated["upload_id"].as_str().unwrap();
    for (number, text) in [(0, "first,"), (1, "last")] {
        let part = UploadMultipartInput::new(id, number);
        let response = send_presigned(&emulator, &bucket.presign_object(KEY, part, LIFETIME).unwrap(), text).await;
        assert_eq!(response.status, 201);
    }
    let complete = CompleteMultipartUploadInput::new(id, [ObjectPart::new(0), ObjectPart::new(1)]);
    let response = send_presigned(&emulator, &bucket.presign_object(KEY, complete, LIFETIME).unwrap(), "").await;
    assert_eq!(response.status, 201);

    let request = bucket.presign_object(KEY, GetObjectInput::new(), LIFETIME).unwrap();
    let response = send_presigned(&emulator, &request, "").await;
    assert_eq!(
        (response.status, response.header("x-qs-meta-a"), response.text().as_str()),
        (200, Some("b"), "first,last")
    );
    let request = bucket.presign(ListObjectsInput::new().prefix("//dir"), LIFETIME).unwrap();
    let listed = json(&send_presigned(&emulator, &request, "").await);
    assert_eq!(listed["keys"][0]["key"], KEY);
}

#[tokio::test]
async fn endpoint_with_an_ip_address_is_refused() {
    let config =
        Config::new("KEY", "secret").endpoint("http://127.0.0.1:9000").addressing_style(AddressingStyle::VirtualHost);
    assert_eq!(QingStor::new(config).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn custom_domain_stands_for_its_bucket() {
    const DOMAIN: &str = "files.example.com";
    let config = || Config::new(DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY).retry(RetryConfig::disabled());
    let at_domain = |port: &str| {
        let endpoint = format!("http://{DOMAIN}:{port}");
        QingStor::new(config().endpoint(endpoint).addressing_style(AddressingStyle::CustomDomain)).unwrap()
    };
    if is_child_process() {
        let account = at_domain(&std::env::var(PORT_VARIABLE).unwrap());
        let bucket = account.bucket(BUCKET, DEFAULT_ZONE);
        upload_in_parts(&bucket).await;
        let object = bucket.get_object(KEY, GetObjectInput::new()).await.unwrap();
        assert_eq!(object.body.bytes().await.unwrap(), "first,last");
        let listed = bucket.list_objects(ListObjectsInput::new().limit(10)).await.unwrap();
        assert_eq!(listed.keys[0].key, KEY);
        let error = account.list_buckets(ListBucketsInput::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0), "{error}");
        return;
    }
    let emulator = Emulator::builder().bucket(BUCKET).allow_tiny_parts(true).start().await.unwrap();
    let direct = QingStor::new(config().endpoint(emulator.endpoint())).unwrap().bucket(BUCKET, DEFAULT_ZONE);
    direct.put_bucket_cname(PutBucketCNAMEInput::new(DOMAIN)).await.unwrap();
    let (proxy, port) = (emulator.endpoint(), emulator.port().to_string());
    let variables = [(PORT_VARIABLE, port.as_str()), ("http_proxy", &proxy), ("HTTP_PROXY", &proxy)];
    let test = "virtual_host::custom_domain_stands_for_its_bucket";
    run_in_child_process(test, &variables, &["no_proxy", "NO_PROXY"]).await.unwrap();

    let bucket = at_domain(&port).bucket(BUCKET, DEFAULT_ZONE);
    let request = bucket.presign_object(KEY, GetObjectInput::new(), LIFETIME).unwrap();
    assert!(request.url().starts_with(&format!("http://{DOMAIN}:{port}///dir/")), "{}", request.url());
    assert_eq!(PlainRequest::of(&request).send().await.unwrap().text(), "first,last");
}
