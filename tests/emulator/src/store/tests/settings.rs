use tempfile::TempDir;

use super::*;
use crate::clock::Moment;
use crate::settings::{self, CnameType, Mirror, Setting};

fn now() -> Moment {
    Moment::from_seconds(1_700_000_000)
}

fn store(directory: &TempDir, buckets: &[&str]) -> Store {
    let store = Store::open(directory.path()).unwrap();
    for name in buckets {
        store.create_bucket(BucketInfo { name: (*name).to_owned(), zone: "pek3a".into(), created: now() }).unwrap();
    }
    store
}

fn set(store: &Store, bucket: &str, site: &str) {
    let mirror: Mirror = settings::read(format!(r#"{{"source_site":"{site}"}}"#).as_bytes()).unwrap();
    store.change_settings(bucket, |settings| Mirror::set(settings, Some(mirror))).unwrap();
}

fn get(store: &Store, bucket: &str) -> String {
    Mirror::response(&store.settings(bucket).unwrap()).unwrap().to_string()
}

fn record(domain: &str) -> settings::CnameRecord {
    settings::CnameRecord { domain: domain.into(), r#type: CnameType::Normal, created: now() }
}

#[test]
fn settings_survive_a_restart_and_are_deleted_with_their_bucket() {
    let directory = TempDir::new().unwrap();
    let first = store(&directory, &["one", "two"]);
    set(&first, "one", "a.example");
    set(&first, "one", "b.example");
    drop(first);
    let second = Store::open(directory.path()).unwrap();
    assert_eq!(get(&second, "one"), r#"{"source_site":"b.example"}"#);
    assert_eq!(get(&second, "two"), "{}");
    second.delete_bucket("one").unwrap();
    drop(second);
    let third = store(&directory, &["one"]);
    assert_eq!(get(&third, "one"), "{}");
}

#[test]
fn domain_is_bound_to_one_bucket() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory, &["one", "two"]);
    store.bind_domain("one", record("Example.com")).unwrap();
    store.bind_domain("one", record("example.com")).unwrap();
    assert_eq!(store.settings("one").unwrap().cnames.len(), 1);
    let refused = store.bind_domain("two", record("example.COM")).unwrap_err();
    assert_eq!(refused.code, Code::CnameError);
    store.change_settings("one", |settings| settings.cnames.clear()).unwrap();
    store.bind_domain("two", record("example.com")).unwrap();
}

#[test]
fn settings_need_a_bucket() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory, &[]);
    let code = |result: Result<(), Error>| result.unwrap_err().code;
    assert_eq!(code(store.settings("none").map(|_| ())), Code::BucketNotExists);
    assert_eq!(code(store.change_settings("none", |_| {})), Code::BucketNotExists);
    assert_eq!(code(store.bind_domain("none", record("a.example"))), Code::BucketNotExists);
}
