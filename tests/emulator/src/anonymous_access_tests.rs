use tempfile::TempDir;

use super::*;
use crate::address::Hosts;
use crate::clock::Moment;
use crate::operations::copy::MOVE_SOURCE;
use crate::routes::route;
use crate::settings::{self, Acl, Setting};
use crate::store::BucketInfo;

/// Creates three buckets. Their names are the permissions that they grant to everyone.
fn store(directory: &TempDir) -> Store {
    let store = Store::open(directory.path()).unwrap();
    for name in ["nothing", "READ", "WRITE"] {
        let created = Moment::from_seconds(0);
        store.create_bucket(BucketInfo { name: name.into(), zone: "pek3a".into(), created }).unwrap();
        let grant = format!(r#"{{"grantee":{{"type":"group","name":"QS_ALL_USERS"}},"permission":"{name}"}}"#);
        if name != "nothing" {
            let acl: Acl = settings::read(format!(r#"{{"acl":[{grant}]}}"#).as_bytes()).unwrap();
            store.change_settings(name, |settings| Acl::set(settings, Some(acl))).unwrap();
        }
    }
    store
}

fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request {
    let builder = http::Request::builder().method(method).uri(target);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    Request::new(builder.body(()).unwrap().into_parts().0, &Hosts::new("pek3a", &[]), |_| None).unwrap()
}

fn is_allowed(store: &Store, allow_anonymous: bool, request: &Request) -> bool {
    check_anonymous(route(request).ok(), request, store, allow_anonymous).is_ok()
}

#[test]
fn grant_allows_only_the_operations_of_its_permission() {
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
            assert_eq!(is_allowed(&store, false, &request), bucket == permission, "{method} /{bucket}/{target}");
            assert!(is_allowed(&store, true, &request), "{method} /{bucket}/{target}");
        }
    }
}

#[test]
fn operations_of_the_owner_are_refused() {
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
            assert!(!is_allowed(&store, allow_anonymous, &request(method, target, &[])), "{method} {target}");
        }
    }
}

#[test]
fn copy_requires_both_permissions_and_move_is_refused() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory);
    for (target, header, source, with_grant, with_allow_anonymous) in [
        ("/WRITE/k", COPY_SOURCE, "/READ/k", true, true),
        ("/WRITE/k", COPY_SOURCE, "/nothing/k", false, true),
        ("/WRITE/k?upload_id=1&part_number=0", COPY_SOURCE, "/nothing/k", false, true),
        ("/READ/k", COPY_SOURCE, "/READ/k", false, true),
        ("/WRITE/k", COPY_SOURCE, "no source", true, true),
        ("/WRITE/k", MOVE_SOURCE, "/READ/k", false, false),
    ] {
        let request = request("PUT", target, &[(header, source)]);
        assert_eq!(is_allowed(&store, false, &request), with_grant, "{target} {source}");
        assert_eq!(is_allowed(&store, true, &request), with_allow_anonymous, "{target} {source}");
    }
}

#[test]
fn zone_of_a_bucket_is_public() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory);
    let at =
        |method: &str, host: &str, target: &str| is_allowed(&store, false, &request(method, target, &[("host", host)]));
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
fn preflight_needs_no_permission() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory);
    for target in ["/nothing/k", "/nothing", "/nothing/k?uploads"] {
        assert!(is_allowed(&store, false, &request("OPTIONS", target, &[])), "{target}");
    }
}
