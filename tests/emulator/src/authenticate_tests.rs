use http::HeaderValue;

use super::*;
use crate::address::Hosts;
use crate::signature::{sign, string_to_sign};

const SECRET: &str = "secret";
const NOW: i64 = 1_700_000_000;

fn key_pairs() -> [KeyPair; 1] {
    [KeyPair { access_key_id: "ID".into(), secret_access_key: SECRET.into() }]
}

fn request(method: &str, target: &str, headers: &[(&'static str, String)]) -> Request {
    let mut builder = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        builder = builder.header(*name, HeaderValue::from_str(value).unwrap());
    }
    let (parts, ()) = builder.body(()).unwrap().into_parts();
    Request::new(parts, &Hosts::new("pek3a", &[]), |_| None).unwrap()
}

/// Returns a date that differs from the emulator's clock by `offset` seconds.
fn date(offset: i64) -> String {
    Moment::from_seconds(NOW + offset).http_date()
}

fn check(request: &Request) -> Result<Caller, Code> {
    authenticate(&key_pairs(), request, Moment::from_seconds(NOW)).map_err(|error| error.code)
}

/// Returns a signed request whose date is in the header `date_header`.
fn signed(target: &str, date_header: &'static str, offset: i64) -> Request {
    let unsigned = request("GET", target, &[(date_header, date(offset))]);
    let text = string_to_sign("GET", target, None, &unsigned.headers, None);
    let authorization = format!("QS ID:{}", sign(SECRET, &text));
    request("GET", target, &[(date_header, date(offset)), ("authorization", authorization)])
}

#[test]
fn accepts_a_signed_date_within_15_minutes() {
    for offset in [0, 900, -900] {
        for header in ["date", "x-qs-date"] {
            assert_eq!(check(&signed("/b/k?uploads", header, offset)), Ok(Caller::Owner));
        }
    }
    for offset in [901, -901] {
        assert_eq!(check(&signed("/b/k", "date", offset)), Err(Code::RequestExpired));
    }
    assert_eq!(check(&signed("/b/k", "x-other", 0)), Err(Code::RequestExpired));
}

#[test]
fn error_for_a_wrong_signature_contains_the_string_to_sign() {
    let request =
        request("GET", "/b/k?part_number=1", &[("date", date(0)), ("authorization", "QS ID:AAAA".to_owned())]);
    let error = authenticate(&key_pairs(), &request, Moment::from_seconds(NOW)).unwrap_err();
    assert_eq!(error.code, Code::SignatureNotMatched);
    let expected = format!("GET\n\n\n{}\n/b/k?part_number=1", date(0));
    assert_eq!(error.string_to_sign, Some(expected));
}

#[test]
fn rejects_malformed_and_unknown_credentials() {
    for authorization in ["", "\u{fc}", "Bearer x", "QS", "QS ID", "QS OTHER:AAAA"] {
        let request = request("GET", "/b/k", &[("authorization", authorization.to_owned())]);
        assert_eq!(check(&request), Err(Code::InvalidAccessKeyId), "{authorization}");
    }
}

#[test]
fn accepts_a_presigned_url_until_it_expires() {
    let presigned = |expires: i64| {
        let expires = u64::try_from(expires).unwrap();
        let text = string_to_sign("GET", "/b/k", None, &Default::default(), Some(expires));
        let signature = sign(SECRET, &text).replace('+', "%2B");
        let target = format!("/b/k?access_key_id=ID&expires={expires}&signature={signature}");
        request("GET", &target, &[])
    };
    assert_eq!(check(&presigned(NOW)), Ok(Caller::Owner));
    assert_eq!(check(&presigned(NOW - 1)), Err(Code::RequestExpired));
    let forged = request("GET", "/b/k?access_key_id=ID&expires=9&signature=AAAA", &[]);
    assert_eq!(check(&forged), Err(Code::SignatureNotMatched));
}

#[test]
fn request_without_credentials_is_anonymous() {
    assert_eq!(check(&request("GET", "/b/k", &[])), Ok(Caller::Anonymous));
    for target in ["/b/k?signature=AAAA", "/b/k?access_key_id=ID"] {
        assert!(check(&request("GET", target, &[])).is_err(), "{target}");
    }
}

#[test]
fn preflight_of_a_presigned_request_is_anonymous() {
    let target = "/b/k?access_key_id=ID&expires=9&signature=AAAA";
    assert_eq!(check(&request("OPTIONS", target, &[])), Ok(Caller::Anonymous));
    let signed = request("OPTIONS", "/b/k", &[("date", date(0)), ("authorization", "QS ID:AAAA".to_owned())]);
    assert_eq!(check(&signed), Err(Code::SignatureNotMatched));
}

#[test]
fn form_signature_must_match_the_policy() {
    let code = |id: &str, policy: &str| {
        check_form(&key_pairs(), id, policy, &sign(SECRET, "e30=")).map_err(|error| error.code)
    };
    assert_eq!(code("ID", "e30="), Ok(()));
    assert_eq!(code("ID", "e30"), Err(Code::SignatureNotMatched));
    assert_eq!(code("OTHER", "e30="), Err(Code::InvalidAccessKeyId));
}

#[test]
fn debug_output_omits_the_secret() {
    let pair = KeyPair { access_key_id: "id".into(), secret_access_key: "secret".into() };
    assert_eq!(format!("{pair:?}"), "KeyPair { access_key_id: \"id\", .. }");
}
