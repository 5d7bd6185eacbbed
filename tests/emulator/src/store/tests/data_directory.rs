//! Opening of data directories.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::clock::Clock;

fn store_with_bucket(directory: &TempDir) -> Store {
    let store = Store::open(directory.path()).unwrap();
    let created = Clock::default().now();
    store.create_bucket(BucketInfo { name: "bucket".into(), zone: "pek3a".into(), created }).unwrap();
    store
}

#[test]
fn directory_in_use_is_refused() {
    let directory = TempDir::new().unwrap();
    let store = store_with_bucket(&directory);
    let unfinished = directory.path().join("tmp/unfinished");
    fs::write(&unfinished, "").unwrap();
    let error = Store::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("in use by another process"), "{error}");
    assert!(unfinished.exists());
    drop(store);
    assert_eq!(Store::open(directory.path()).unwrap().buckets().len(), 1);
}

#[test]
fn open_waits_for_a_store_that_is_closing() {
    let directory = TempDir::new().unwrap();
    let store = store_with_bucket(&directory);
    let dropping = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        drop(store);
    });
    assert_eq!(Store::open(directory.path()).unwrap().buckets().len(), 1);
    dropping.join().unwrap();
}

#[test]
fn ignores_files_of_other_programs() {
    let directory = TempDir::new().unwrap();
    let store = store_with_bucket(&directory);
    let files = &store.directory;
    let id = store.lock().bucket("bucket").unwrap().id.clone();
    let places = [files.buckets(), files.bucket(&id), files.objects(&id), files.uploads(&id), files.segments()];
    for place in &places {
        fs::write(place.join(".DS_Store"), "x").unwrap();
    }
    fs::write(files.buckets().join("notes.txt"), "x").unwrap();
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.buckets().len(), 1);
    assert!(places[0].join(".DS_Store").exists());
    store.delete_bucket("bucket").unwrap();
}

#[test]
fn error_names_the_unreadable_file() {
    let directory = TempDir::new().unwrap();
    drop(store_with_bucket(&directory));
    fs::create_dir(directory.path().join("buckets/stray")).unwrap();
    let error = Store::open(directory.path()).unwrap_err().to_string();
    let path = directory.path().join("buckets/stray/bucket.json");
    assert!(error.contains(&path.display().to_string()), "{error}");
}

#[test]
fn format_1_is_read_and_upgraded() {
    let directory = TempDir::new().unwrap();
    let root = directory.path();
    let bucket = root.join("buckets/0001");
    fs::create_dir_all(bucket.join("objects")).unwrap();
    fs::create_dir_all(bucket.join("uploads")).unwrap();
    fs::create_dir_all(root.join("segments")).unwrap();
    fs::write(root.join("qingstor-emulator"), "qingstor-emulator data, format 1\n").unwrap();
    fs::write(bucket.join("bucket.json"), r#"{"name":"bucket","zone":"pek3a","created":1700000000000}"#).unwrap();
    let digest = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";
    let record = r#"{"id":"0002","key":"key","etag":"\"e\"","digested":true,"modified":1700000000000,
        "metadata":{"content_type":"text/plain"},"storage_class":"STANDARD",
        "extents":[{"segment":"0003","offset":0,"length":4}]}"#;
    let path = bucket.join("objects").join(format!("{digest}.json"));
    fs::write(&path, record).unwrap();
    fs::write(root.join("segments/0003"), "data").unwrap();

    let store = Store::open(root).unwrap();
    let version_id = |name| store.find("bucket", "key", name).unwrap().version_id;
    assert_eq!(version_id(None), None);
    store.set_versioning("bucket", Versioning::Enabled).unwrap();
    assert_eq!(version_id(Some("null")).as_deref(), Some("null"));
    store.delete_version("bucket", "key", "null").unwrap();
    assert!(!path.exists());
    drop(store);
    let marker = fs::read_to_string(root.join("qingstor-emulator")).unwrap();
    assert_eq!(marker, "qingstor-emulator data, format 2\n");
    assert_eq!(fs::read_dir(root.join("segments")).unwrap().count(), 0);
}

#[test]
fn later_format_is_refused_and_not_changed() {
    let directory = TempDir::new().unwrap();
    drop(store_with_bucket(&directory));
    let marker = directory.path().join("qingstor-emulator");
    fs::write(&marker, "qingstor-emulator data, format 3\n").unwrap();
    let unfinished = directory.path().join("tmp/unfinished");
    fs::write(&unfinished, "").unwrap();
    let error = Store::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("format 3"), "{error}");
    assert!(unfinished.exists());
    assert_eq!(fs::read_to_string(&marker).unwrap(), "qingstor-emulator data, format 3\n");
}
