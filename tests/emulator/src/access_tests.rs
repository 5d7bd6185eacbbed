use tempfile::TempDir;

use super::*;
use crate::address::Hosts;
use crate::clock::Moment;
use crate::route::route;
use crate::settings;
use crate::store::BucketInfo;

/// Three buckets: what they are called is what they grant everyone.
fn store(directory: &TempDir) -> Store {
    let store = Store::open(directory.path()).unwrap();
    for name in ["nothing", "READ", "WRITE"] {
        let created = Moment::from_seconds(0);
        store.create_bucket(BucketInfo { name: name.into(), zone: "pek3a".into(), created }).unwrap();
        let grant = format!(r#"{{"grantee":{{"type":"group","name":"QS_ALL_USERS"}},"permission":"{name}"}}"#);
        if name != "nothing" {
            let acl: Acl = settings::read(format!(r#"{{"acl":[{grant}]}}"#).as_bytes()).unwrap();
            store.change_settings(name, |settings| Acl::keep(settings, Some(acl))).unwrap();
        }
    }
    store
}

fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request {
    let builder = http::Request::builder().method(method).uri(target);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    Request::new(builder.body(()).unwrap().into_parts().0, &Hosts::new("pek3a", &[])).unwrap()
}

fn may(store: &Store, allow_anonymous: bool, request: &Request) -> bool {
    Access { allow_anonymous }.check_stranger(route(request).ok(), request, store).is_ok()
}

#[test]
fn a_grant_opens_what_it_names() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory);
    for (method, target, permission) in [
        ("GET", "k", "READ"),
        ("HEAD", "k", "READ"),
        ("GET", "k?upload_id=1", "READ"),
        ("PUT", "k", "WRITE"),
        ("POST", "k?uploads", "WRITE"),
        ("PUT", "k?upload_id=1&part_number=0", "WRITE"),
        ("POST", "k?upload_id=1", "WRITE"),
        ("DELETE", "k?upload_id=1", "WRITE"),
        ("POST", "k?append&position=0", "WRITE"),
    ] {
        for bucket in ["nothing", "READ", "WRITE", "none"] {
            let request = request(method, &format!("/{bucket}/{target}"), &[]);
            assert_eq!(may(&store, false, &request), bucket == permission, "{method} /{bucket}/{target}");
            assert!(may(&store, true, &request), "{method} /{bucket}/{target}");
        }
    }
}

#[test]
fn some_things_are_open_to_nobody_without_a_name() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory);
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/READ"),
        ("HEAD", "/READ"),
        ("GET", "/READ?uploads"),
        ("GET", "/READ?acl"),
        ("GET", "/READ?stats"),
        ("GET", "/READ/k?response-expires=0"),
        ("PUT", "/WRITE"),
        ("PUT", "/WRITE?acl"),
        ("DELETE", "/WRITE"),
        ("POST", "/WRITE?delete"),
        ("DELETE", "/WRITE/k"),
    ] {
        for allow_anonymous in [false, true] {
            assert!(!may(&store, allow_anonymous, &request(method, target, &[])), "{method} {target}");
        }
    }
}

#[test]
fn copying_needs_both_and_moving_more_than_both() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory);
    for (target, header, source, open, anyway) in [
        ("/WRITE/k", source::COPY, "/READ/k", true, true),
        ("/WRITE/k", source::COPY, "/nothing/k", false, true),
        ("/WRITE/k?upload_id=1&part_number=0", source::COPY, "/nothing/k", false, true),
        ("/READ/k", source::COPY, "/READ/k", false, true),
        ("/WRITE/k", source::COPY, "no source", true, true),
        ("/WRITE/k", source::MOVE, "/READ/k", false, false),
    ] {
        let request = request("PUT", target, &[(header, source)]);
        assert_eq!(may(&store, false, &request), open, "{target} {source}");
        assert_eq!(may(&store, true, &request), anyway, "{target} {source}");
    }
}

#[test]
fn anyone_may_ask_where_a_bucket_is() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory);
    let at = |method: &str, host: &str, target: &str| may(&store, false, &request(method, target, &[("host", host)]));
    for (host, target) in [("qingstor.com", "/b"), ("b.qingstor.com:443", "/"), ("qsstor.com", "/b/")] {
        assert!(at("HEAD", host, target), "{host}");
        assert!(!at("GET", host, target), "{host}");
    }
    for (host, target) in [
        ("pek3a.qingstor.com", "/b"),
        ("b.pek3a.qingstor.com", "/"),
        ("localhost", "/b"),
        ("qingstor.com", "/b/k"),
        ("qingstor.com", "/"),
    ] {
        assert!(!at("HEAD", host, target), "{host}{target}");
    }
}

#[test]
fn a_browser_may_ask_first() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory);
    for target in ["/nothing/k", "/nothing", "/nothing/k?uploads"] {
        assert!(may(&store, false, &request("OPTIONS", target, &[])), "{target}");
    }
}
