//! Parts that are copied from objects, and uploads that are encrypted with a customer key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use qingstor_sdk::operations::{
    CompleteMultipartUploadInput, GetObjectInput, HeadObjectInput, InitiateMultipartUploadInput, PutObjectInput,
    UploadMultipartInput,
};
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{ByteRange, Timestamp};

use crate::support::{assert_error, bucket_with_tiny_parts, complete, initiate};

/// A customer key in the encodings of the request headers.
struct CustomerKey {
    /// The key in Base64.
    key: String,
    /// The MD5 of the key in Base64.
    md5: String,
}

impl CustomerKey {
    fn filled_with(byte: u8) -> Self {
        Self { key: STANDARD.encode([byte; 32]), md5: STANDARD.encode(Md5::digest([byte; 32])) }
    }

    fn initiate(&self) -> InitiateMultipartUploadInput {
        InitiateMultipartUploadInput::new()
            .encryption_customer_algorithm("AES256")
            .encryption_customer_key(self.key.as_str())
            .encryption_customer_key_md5(&self.md5)
    }

    fn part(&self, upload_id: &str, number: u32) -> UploadMultipartInput {
        UploadMultipartInput::new(upload_id, number)
            .encryption_customer_algorithm("AES256")
            .encryption_customer_key(self.key.as_str())
            .encryption_customer_key_md5(&self.md5)
    }

    fn put(&self) -> PutObjectInput {
        PutObjectInput::new()
            .encryption_customer_algorithm("AES256")
            .encryption_customer_key(self.key.as_str())
            .encryption_customer_key_md5(&self.md5)
    }

    fn get(&self) -> GetObjectInput {
        GetObjectInput::new()
            .encryption_customer_algorithm("AES256")
            .encryption_customer_key(self.key.as_str())
            .encryption_customer_key_md5(&self.md5)
    }
}

#[tokio::test]
async fn copied_part_is_the_whole_source_or_the_requested_range() {
    let bucket = bucket_with_tiny_parts().await;
    let source = "dir/a source + ü?.txt";
    bucket.put(source, "0123456789").await.unwrap();
    let id = initiate(&bucket, "target").await;
    for (number, range, content_range) in [
        (0, Some((2..5).into()), Some("bytes 2-4/10")),
        (1, None, None),
        (2, Some((8..=99).into()), Some("bytes 8-9/10")),
        (3, Some(ByteRange::from("bytes=9-9")), Some("bytes 9-9/10")),
    ] {
        let mut input = UploadMultipartInput::new(&id, number).copy_source(format!("/bucket/{source}"));
        input.copy_range = range;
        let copied = bucket.upload_multipart("target", input).await.unwrap();
        assert_eq!(copied.response.status, 201);
        assert_eq!(copied.content_copy_range.as_deref(), content_range);
        assert!(copied.etag.is_some());
    }
    bucket.upload_multipart("target", UploadMultipartInput::new(&id, 4).body("!")).await.unwrap();
    complete(&bucket, "target", &id, 0..5).await.unwrap();
    assert_eq!(bucket.read("target").await.unwrap(), b"2340123456789899!");
}

#[tokio::test]
async fn part_copy_fails_with_status_and_code_of_the_cause() {
    let bucket = bucket_with_tiny_parts().await;
    let etag = bucket.put("source", "0123456789").await.unwrap();
    let modified = bucket.head_object("source", HeadObjectInput::new()).await.unwrap().last_modified.unwrap();
    let minute_before = Timestamp::from_unix(modified.as_unix() - 60).unwrap();
    let id = initiate(&bucket, "target").await;
    let part = || UploadMultipartInput::new(&id, 0).copy_source("/bucket/source");
    let cases = [
        (part().copy_range(10..11), 416, "invalid_range"),
        (part().copy_source_if_match("\"other\""), 412, "precondition_failed"),
        (part().copy_source_if_none_match(&etag), 412, "precondition_failed"),
        (part().copy_source_if_unmodified_since(minute_before), 412, "precondition_failed"),
        (part().copy_source("/bucket/missing"), 404, "object_not_exists"),
        (part().copy_source("/missing/source"), 404, "bucket_not_exists"),
        (UploadMultipartInput::new("no-such-upload", 0).copy_source("/bucket/source"), 404, "upload_not_exists"),
    ];
    for (input, status, code) in cases {
        let error = bucket.upload_multipart("target", input).await.unwrap_err();
        assert_error(&error, status, code);
    }
    for part in [part().copy_source_if_match(&etag), part().copy_source_if_unmodified_since(modified)] {
        bucket.upload_multipart("target", part).await.unwrap();
    }
    complete(&bucket, "target", &id, [0]).await.unwrap();
    assert_eq!(bucket.read("target").await.unwrap(), b"0123456789");
}

#[tokio::test]
async fn encrypted_upload_requires_its_key_for_each_part_and_get() {
    let bucket = bucket_with_tiny_parts().await;
    let (right, wrong) = (CustomerKey::filled_with(b'x'), CustomerKey::filled_with(b'y'));
    assert_eq!(right.md5, "3I/h1kl+vSP1l12NKhxegQ==", "the value of the official test scenarios");

    let initiated = bucket.initiate_multipart_upload("target", right.initiate()).await.unwrap();
    assert_eq!(initiated.encryption_customer_algorithm.as_deref(), Some("AES256"));
    let id = initiated.upload_id;
    for (number, text) in [(0, "top "), (1, "secret")] {
        let uploaded = bucket.upload_multipart("target", right.part(&id, number).body(text)).await.unwrap();
        assert_eq!(uploaded.encryption_customer_algorithm.as_deref(), Some("AES256"));
    }
    for input in [UploadMultipartInput::new(&id, 2).body("x"), wrong.part(&id, 2).body("x")] {
        let error = bucket.upload_multipart("target", input).await.unwrap_err();
        assert!(error.status().unwrap().is_client_error(), "{error}");
    }
    let input = CompleteMultipartUploadInput::new(&id, [ObjectPart::new(0), ObjectPart::new(1)]);
    let completed = bucket.complete_multipart_upload("target", input).await.unwrap();
    assert_eq!(completed.encryption_customer_algorithm.as_deref(), Some("AES256"));

    let object = bucket.get_object("target", right.get()).await.unwrap();
    assert_eq!(object.encryption_customer_algorithm.as_deref(), Some("AES256"));
    assert_eq!(object.body.bytes().await.unwrap(), "top secret");
    for input in [GetObjectInput::new(), wrong.get()] {
        assert!(bucket.get_object("target", input).await.unwrap_err().status().unwrap().is_client_error());
    }
    // HEAD needs no key.
    let head = bucket.head_object("target", HeadObjectInput::new()).await.unwrap();
    assert_eq!(head.encryption_customer_algorithm.as_deref(), Some("AES256"));
    assert_eq!(head.content_length, Some(10));
}

#[tokio::test]
async fn part_copy_of_an_encrypted_source_is_encrypted_with_another_customer_key() {
    let bucket = bucket_with_tiny_parts().await;
    let (old, new) = (CustomerKey::filled_with(1), CustomerKey::filled_with(2));
    bucket.put_object("source", old.put().body("0123456789")).await.unwrap();
    let id = bucket.initiate_multipart_upload("target", new.initiate()).await.unwrap().upload_id;
    let part = |number| new.part(&id, number).copy_source("/bucket/source").copy_range(5..10);

    let error = bucket.upload_multipart("target", part(0)).await.unwrap_err();
    assert!(error.status().unwrap().is_client_error(), "without the source's key: {error}");
    for number in [0, 1] {
        let input = part(number)
            .copy_source_encryption_customer_algorithm("AES256")
            .copy_source_encryption_customer_key(old.key.as_str())
            .copy_source_encryption_customer_key_md5(&old.md5);
        bucket.upload_multipart("target", input).await.unwrap();
    }
    complete(&bucket, "target", &id, [0, 1]).await.unwrap();
    assert!(bucket.get_object("target", old.get()).await.is_err());
    let object = bucket.get_object("target", new.get()).await.unwrap();
    assert_eq!(object.body.bytes().await.unwrap(), "5678956789");
}
