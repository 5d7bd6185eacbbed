//! Signatures, as two implementations that share no line make them.
//!
//! Protects: the SDK's signer and the emulator's agree with each other on whatever can be sent, and with what the
//! official clients sign: `QINGSTOR_SIGNATURE_VECTORS` names a JSON file of vectors that these have made.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use qingstor_emulator::signature;
use qingstor_sdk::{Credentials, Secret, sign};
use serde_json::Value;

/// A request as far as it is signed.
#[derive(Debug)]
struct Request {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    host_bucket: Option<String>,
    expires: Option<u32>,
}

impl Request {
    /// What the SDK and the emulator sign, and the signature each makes of it.
    fn signed(&self, secret: &str) -> [(String, String); 2] {
        let resource = sign::canonical_resource(self.host_bucket.as_deref(), &self.path, self.query.as_deref());
        let to_sign = match self.expires {
            Some(expires) => sign::string_to_sign_query(&self.method, &self.headers, expires.into(), &resource),
            None => sign::string_to_sign(&self.method, &self.headers, &resource),
        };
        let ours = String::from_utf8(to_sign.as_bytes().to_vec()).unwrap();
        let target = match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        };
        let theirs = signature::string_to_sign(
            self.method.as_str(),
            &target,
            self.host_bucket.as_deref(),
            &self.headers,
            self.expires.map(u64::from),
        );
        let signature = sign::signature(&Secret::from(secret), &to_sign);
        let other = signature::sign(secret, &theirs);
        [(ours, signature), (theirs, other)]
    }

    fn of_vector(vector: &Value) -> Self {
        let text = |name: &str| vector[name].as_str();
        let url = text("url").unwrap();
        let (_, rest) = url.split_once("://").unwrap();
        let target = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let headers = vector["headers"].as_object().unwrap().iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_str().unwrap().as_bytes()).unwrap();
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), value)
        });
        let virtual_host = text("style") == Some("vhost");
        Self {
            method: text("method").unwrap().parse().unwrap(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            headers: headers.collect(),
            host_bucket: text("bucket").filter(|_| virtual_host).map(str::to_owned),
            expires: vector["expires"].as_u64().map(|expires| expires.try_into().unwrap()),
        }
    }
}

#[test]
fn the_official_clients_sign_the_same() {
    let Some(file) = std::env::var_os("QINGSTOR_SIGNATURE_VECTORS") else {
        println!("QINGSTOR_SIGNATURE_VECTORS names no file: there are no vectors to hold the signatures against");
        return;
    };
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!vectors.is_empty(), "{file:?} has no vectors");
    for vector in &vectors {
        let expected = (vector["string_to_sign"].as_str().unwrap(), vector["signature"].as_str().unwrap());
        for (to_sign, signature) in Request::of_vector(vector).signed(vector["secret_access_key"].as_str().unwrap()) {
            assert_eq!((to_sign.as_str(), signature.as_str()), expected, "{vector:#}");
        }
        let id = vector["access_key_id"].as_str().unwrap();
        let authorization = sign::authorization(&Credentials::new(id, "secret"), expected.1);
        assert_eq!(authorization, format!("QS {id}:{}", expected.1));
    }
    println!("{} vectors agree", vectors.len());
}

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    let ours = "x-qs-date x-qs-copy-source x-qs-meta-a x-qs-meta-b-c x-qs-meta-b x-qs-storage-class x-qsother";
    let others = "content-md5 content-type date host range etag authorization content-length";
    let names: Vec<_> = ours.split(' ').chain(others.split(' ')).collect();
    let name = select(names).prop_map(HeaderName::from_static);
    // White space at the ends is no part of what is received.
    let value = "[ -~]{0,20}".prop_map(|text| HeaderValue::from_str(text.trim()).unwrap());
    (name, value)
}

/// Pieces of a query's value: encoded and not, well and badly, but always UTF-8 when decoded.
fn query_value() -> impl Strategy<Value = String> {
    let pieces: Vec<_> = "x Z %2F %2f / + %2B %20 %25 %zz % = ? %E4%B8%AD : ~ %26 %00".split(' ').collect();
    vec(select(pieces), 0..6).prop_map(|pieces| pieces.concat())
}

fn query() -> impl Strategy<Value = String> {
    let signed = "acl append delete image part_number position response-content-disposition response-expires upload_id \
                  uploads versions version_id up%6Coads";
    let others = "limit marker prefix part_number_marker access_key_id expires signature ACL x+y ";
    let names: Vec<_> = signed.split_ascii_whitespace().chain(others.split(' ')).collect();
    // A name never comes twice: what a server would make of that is not known.
    let parameters = btree_map(select(names), option::of(query_value()), 0..6);
    (parameters, any::<prop::sample::Index>()).prop_map(|(parameters, first)| {
        let mut parameters: Vec<String> = parameters
            .into_iter()
            .map(|(name, value)| value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}")))
            .collect();
        if !parameters.is_empty() {
            let middle = first.index(parameters.len());
            parameters.rotate_left(middle);
        }
        parameters.join("&")
    })
}

fn request() -> impl Strategy<Value = Request> {
    let methods = vec![Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::HEAD, Method::OPTIONS];
    let path = prop_oneof![Just(String::new()), "/[a-z]{0,5}(/([!-~&&[^?#]]|%E4%B8%AD){0,10}){0,3}"];
    let headers = vec(header(), 0..8).prop_map(HeaderMap::from_iter);
    let host_bucket = option::of("[a-z0-9-]{1,10}");
    (select(methods), path, option::of(query()), headers, host_bucket, any::<Option<u32>>()).prop_map(
        |(method, path, query, headers, host_bucket, expires)| Request {
            method,
            path,
            query,
            headers,
            host_bucket,
            expires,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_implementations_sign_the_same(request in request(), secret in "[!-~]{1,100}") {
        let [ours, theirs] = request.signed(&secret);
        prop_assert_eq!(ours, theirs);
    }
}

/// The generator warns of query parameters that are signed because of their name; it has a list of its own for that.
#[test]
fn the_generator_and_the_sdk_agree_on_what_is_signed() {
    let is_signed = |name: &str| {
        let query = format!("{name}=1");
        sign::canonical_resource(None, "/bucket", Some(&query)) != sign::canonical_resource(None, "/bucket", None)
    };
    for name in qingstor_codegen::spec::signed::SUB_RESOURCES {
        assert!(is_signed(name), "{name}");
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/qingstor/2016-01-06/api.yaml");
    let api = qingstor_codegen::load(&root, root.parent().unwrap()).unwrap().api;
    let mut queries = 0;
    for field in api.operations.iter().flat_map(|operation| &operation.inputs) {
        if field.location == qingstor_codegen::model::Location::Query {
            let is_known = qingstor_codegen::spec::signed::SUB_RESOURCES.contains(&field.name.as_str());
            assert_eq!(is_signed(&field.name), is_known, "{}", field.name);
            queries += 1;
        }
    }
    assert!(queries > 10, "{queries}");
}
