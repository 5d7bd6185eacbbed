//! Archives that are written through an `UploadWriter` and read from an `ObjectStream`, without a file.

use futures_util::StreamExt;
use qingstor_sdk::{Bucket, MIB, ObjectStream};
use qingstor_tests::{TestBucket, content};
use tokio::io::AsyncReadExt;
use tokio_tar::{Archive, Builder, Header};

use crate::support::PART;

/// Names and contents of files, together more than three parts.
fn files() -> Vec<(String, Vec<u8>)> {
    let long_name = format!("{}/spaß.bin", "folder/".repeat(30));
    let sizes = [("empty", 0), ("notes.txt", 511), (&long_name, 9 * MIB + 1), ("a/b.bin", PART), ("last", 1)];
    sizes.into_iter().zip(1..).map(|((name, size), seed)| (name.to_owned(), content(size, seed))).collect()
}

async fn write_archive(bucket: &Bucket, files: &[(String, Vec<u8>)]) {
    let writer = bucket.upload("files.tar").part_size(PART).content_type("application/x-tar").writer().await.unwrap();
    let mut archive = Builder::new(writer);
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_slice()).await.unwrap();
    }
    let uploaded = archive.into_inner().await.unwrap().finish().await.unwrap();
    assert_eq!(uploaded.parts, 4);
}

async fn read_archive(stream: ObjectStream) -> (Vec<(String, Vec<u8>)>, ObjectStream) {
    let mut archive = Archive::new(stream);
    let mut files = Vec::new();
    let mut entries = archive.entries().unwrap();
    while let Some(entry) = entries.next().await {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).await.unwrap();
        files.push((name, content));
    }
    drop(entries);
    (files, archive.into_inner().unwrap_or_else(|_| panic!("the archive is still being read")))
}

#[tokio::test]
async fn archive_is_written_and_read_without_a_file() {
    let bucket = TestBucket::start().await.unwrap();
    let files = files();
    write_archive(&bucket, &files).await;
    let stream = bucket.download("files.tar").part_size(PART).stream().await.unwrap();
    assert_eq!(stream.object().content_type.as_deref(), Some("application/x-tar"));
    let (read, mut stream) = read_archive(stream).await;
    let names = |files: &[(String, Vec<u8>)]| Vec::from_iter(files.iter().map(|(name, _)| name.clone()));
    assert_eq!(names(&read), names(&files));
    assert!(read == files);
    // The reader of the archive stops after the last entry, but the stream verifies the bytes at its end.
    while stream.next().await.unwrap().is_some() {}
    assert!(stream.is_verified());
}
