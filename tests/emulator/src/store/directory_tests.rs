//! What a store makes of the directory it is given.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::clock::Clock;

fn with_bucket(directory: &TempDir) -> Store {
    let store = Store::open(directory.path()).unwrap();
    let created = Clock::with_offset(0).now();
    store.create_bucket(BucketInfo { name: "bucket".into(), zone: "pek3a".into(), created }).unwrap();
    store
}

#[test]
fn one_store_at_a_time() {
    let directory = TempDir::new().unwrap();
    let store = with_bucket(&directory);
    let unfinished = directory.path().join("tmp/unfinished");
    fs::write(&unfinished, "").unwrap();
    let error = Store::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains("in use by another process"), "{error}");
    assert!(unfinished.exists());
    drop(store);
    assert_eq!(Store::open(directory.path()).unwrap().buckets().len(), 1);
}

#[test]
fn a_store_that_is_about_to_let_go_is_waited_for() {
    let directory = TempDir::new().unwrap();
    let store = with_bucket(&directory);
    let dropping = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        drop(store);
    });
    assert_eq!(Store::open(directory.path()).unwrap().buckets().len(), 1);
    dropping.join().unwrap();
}

#[test]
fn files_of_others_are_passed_over() {
    let directory = TempDir::new().unwrap();
    let store = with_bucket(&directory);
    let layout = &store.layout;
    let id = store.lock().bucket("bucket").unwrap().id.clone();
    let places = [layout.buckets(), layout.bucket(&id), layout.objects(&id), layout.uploads(&id), layout.segments()];
    for place in &places {
        fs::write(place.join(".DS_Store"), "x").unwrap();
    }
    fs::write(layout.buckets().join("notes.txt"), "x").unwrap();
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.buckets().len(), 1);
    assert!(places[0].join(".DS_Store").exists());
    store.delete_bucket("bucket").unwrap();
}

#[test]
fn what_cannot_be_read_is_named() {
    let directory = TempDir::new().unwrap();
    drop(with_bucket(&directory));
    fs::create_dir(directory.path().join("buckets/stray")).unwrap();
    let error = Store::open(directory.path()).unwrap_err().to_string();
    let path = directory.path().join("buckets/stray/bucket.json");
    assert!(error.contains(&path.display().to_string()), "{error}");
}
