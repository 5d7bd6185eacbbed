//! Objects with the header `Content-Encoding`.
//!
//! The tests check that the client returns the stored bytes. The package of these tests enables the features of reqwest
//! that unpack responses, as another crate of an application may do.

use qingstor_sdk::operations::{GetObjectInput, HeadObjectInput, PutObjectInput};
use qingstor_tests::TestBucket;

/// Compressed forms of the text "stored" by their name in `Content-Encoding`.
const PACKED: [(&str, &[u8]); 4] = [
    ("br", b"\x8b\x02\x80stored\x03"),
    ("deflate", b"x\x9c+.\xc9/JM\x01\x00\t<\x02\x92"),
    ("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03+.\xc9/JM\x01\x00\x0b\xf9CV\x06\x00\x00\x00"),
    ("zstd", b"(\xb5/\xfd \x06\x31\x00\x00stored"),
];

#[tokio::test]
async fn compressed_objects_are_returned_as_they_are_stored() {
    let test = TestBucket::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (encoding, packed) in PACKED {
        let input = PutObjectInput::new().content_encoding(encoding).body(packed);
        test.put_object(encoding, input).await.unwrap();

        let head = test.head_object(encoding, HeadObjectInput::new()).await.unwrap();
        assert_eq!(head.content_length, Some(packed.len() as u64), "{encoding}");

        let object = test.get_object(encoding, GetObjectInput::new()).await.unwrap();
        assert_eq!(object.content_encoding.as_deref(), Some(encoding));
        assert_eq!(object.body.remaining(), Some(packed.len() as u64), "{encoding}");
        assert_eq!(object.body.bytes().await.unwrap(), packed, "{encoding}");

        let range = test.get_object(encoding, GetObjectInput::new().range(1..5)).await.unwrap();
        assert_eq!(range.body.bytes().await.unwrap(), packed[1..5], "{encoding}");

        let target = folder.path().join(encoding);
        let downloaded = test.download(encoding).to_file(&target).send().await.unwrap();
        assert!(downloaded.is_verified, "{encoding}");
        assert_eq!(std::fs::read(target).unwrap(), packed, "{encoding}");
    }
}
