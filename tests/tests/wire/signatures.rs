//! Signatures of the SDK, compared with two independent implementations.
//!
//! The tests check that the SDK and the emulator, which share no code, compute the same signatures for arbitrary
//! requests. They also check that both sign requests of QingStor's official clients as these clients do. The
//! environment variable `QINGSTOR_SIGNATURE_VECTORS` is the path of a JSON file with requests and signatures of the
//! official clients.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use qingstor_emulator::signature;
use qingstor_sdk::{Credentials, Secret, sign};
use serde_json::Value;

/// The parts of a request that the signature depends on.
#[derive(Debug)]
struct Request {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    /// The bucket, if it is part of the host name.
    host_bucket: Option<String>,
    /// Expiry of a presigned request in seconds since 1970.
    expires: Option<u32>,
}

impl Request {
    /// Returns the string to sign and the signature that the SDK computes, and those that the emulator computes.
    fn sign(&self, secret: &str) -> [(String, String); 2] {
        let resource = sign::canonical_resource(self.host_bucket.as_deref(), &self.path, self.query.as_deref());
        let to_sign = match self.expires {
            Some(expires) => sign::string_to_sign_query(&self.method, &self.headers, expires.into(), &resource),
            None => sign::string_to_sign(&self.method, &self.headers, &resource),
        };
        let sdk_string = String::from_utf8(to_sign.as_bytes().to_vec()).unwrap();
        let target = match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        };
        let emulator_string = signature::string_to_sign(
            self.method.as_str(),
            &target,
            self.host_bucket.as_deref(),
            &self.headers,
            self.expires.map(u64::from),
        );
        let sdk_signature = sign::signature(&Secret::from(secret), &to_sign);
        let emulator_signature = signature::sign(secret, &emulator_string);
        [(sdk_string, sdk_signature), (emulator_string, emulator_signature)]
    }

    /// Reads the request of a test vector.
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
fn sdk_and_emulator_agree_with_the_vectors_of_official_clients() {
    let Some(file) = std::env::var_os("QINGSTOR_SIGNATURE_VECTORS") else {
        println!("skipped, because QINGSTOR_SIGNATURE_VECTORS is not set");
        return;
    };
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("cannot read {file:?}: {error}"));
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!vectors.is_empty(), "{file:?} contains no vectors");
    for vector in &vectors {
        let expected = (vector["string_to_sign"].as_str().unwrap(), vector["signature"].as_str().unwrap());
        for (to_sign, signature) in Request::of_vector(vector).sign(vector["secret_access_key"].as_str().unwrap()) {
            assert_eq!((to_sign.as_str(), signature.as_str()), expected, "{vector:#}");
        }
        let id = vector["access_key_id"].as_str().unwrap();
        let authorization = sign::authorization(&Credentials::new(id, "secret"), expected.1);
        assert_eq!(authorization, format!("QS {id}:{}", expected.1));
    }
    println!("{} vectors agree", vectors.len());
}

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    let qingstor = "x-qs-date x-qs-copy-source x-qs-meta-a x-qs-meta-b-c x-qs-meta-b x-qs-storage-class x-qsother";
    let standard = "content-md5 content-type date host range etag authorization content-length";
    let names: Vec<_> = qingstor.split(' ').chain(standard.split(' ')).collect();
    let name = select(names).prop_map(HeaderName::from_static);
    // HTTP removes white space around a header value.
    let value = "[ -~]{0,20}".prop_map(|text| HeaderValue::from_str(text.trim()).unwrap());
    (name, value)
}

/// Generates values of query parameters with and without percent-encoding, valid and invalid. All decode to UTF-8.
fn query_value() -> impl Strategy<Value = String> {
    let pieces: Vec<_> = "x Z %2F %2f / + %2B %20 %25 %zz % = ? %E4%B8%AD : ~ %26 %00".split(' ').collect();
    vec(select(pieces), 0..6).prop_map(|pieces| pieces.concat())
}

fn query() -> impl Strategy<Value = String> {
    let signed = "acl append delete image part_number position response-content-disposition response-expires upload_id \
                  uploads versions version_id up%6Coads";
    let unsigned = "limit marker prefix part_number_marker access_key_id expires signature ACL x+y ";
    let names: Vec<_> = signed.split_ascii_whitespace().chain(unsigned.split(' ')).collect();
    // The map prevents repeated names, because the protocol does not define how they are signed.
    let parameters = btree_map(select(names), option::of(query_value()), 0..6);
    (parameters, any::<prop::sample::Index>()).prop_map(|(parameters, first)| {
        let mut parameters: Vec<String> = parameters
            .into_iter()
            .map(|(name, value)| value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}")))
            .collect();
        if !parameters.is_empty() {
            // The map is sorted by name, but parameters need not be.
            let first = first.index(parameters.len());
            parameters.rotate_left(first);
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
    fn sdk_and_emulator_sign_any_request_alike(request in request(), secret in "[!-~]{1,100}") {
        let [sdk, emulator] = request.sign(&secret);
        prop_assert_eq!(sdk, emulator);
    }
}

/// Returns true if `sign::canonical_resource`, which knows no operation, signs the query parameter.
fn is_signed(name: &str) -> bool {
    let query = format!("{name}=1");
    sign::canonical_resource(None, "/bucket", Some(&query)) != sign::canonical_resource(None, "/bucket", None)
}

/// The SDK, the generator and the emulator have a list each: the SDK signs requests that it has no operation for, the
/// generator warns about query parameters that are signed, and the emulator shares no code with the SDK.
#[test]
fn every_sub_resource_of_the_specification_is_in_all_lists() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/qingstor/2016-01-06");
    let root = std::fs::read_to_string(folder.join("api.yaml")).unwrap();
    let root: serde_yaml::Value = serde_yaml::from_str(&root).unwrap();
    let paths = root["paths"].as_mapping().unwrap().keys().filter_map(|path| path.as_str()?.split_once('?'));
    let mut names: std::collections::BTreeSet<&str> = paths.flat_map(|(_, names)| names.split('&')).collect();
    assert!(names.len() > 15, "{names:?}");
    names.extend(qingstor_codegen::spec::signed::SUB_RESOURCES);
    let mut missing = Vec::new();
    for name in names {
        let target = format!("/bucket?{name}=1");
        let text = signature::string_to_sign("GET", &target, None, &HeaderMap::new(), None);
        for (is_known, list) in [
            (is_signed(name), "SUB_RESOURCES in sdk/src/client/sign.rs"),
            (
                qingstor_codegen::spec::signed::SUB_RESOURCES.contains(&name),
                "SUB_RESOURCES in codegen/src/spec/signed.rs",
            ),
            (text.ends_with(&target), "SIGNED_PARAMETERS in tests/emulator/src/signature.rs"),
        ] {
            if !is_known {
                missing.push(format!("add the sub-resource `{name}` to {list}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn generator_and_sdk_agree_on_signed_query_parameters() {
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
