use super::*;
use crate::address::Hosts;
use crate::error::Code;
use crate::settings::read;

const RULES: &str = r#"{"cors_rules":[
    {"allowed_origin":"http://*.example.com","allowed_methods":["PUT","GET"],"allowed_headers":["X-QS-Date","x-a-*"],
     "expose_headers":["ETag","x-qs-request-id"],"max_age_seconds":200},
    {"allowed_origin":"http://a.example.com","allowed_methods":["DELETE"],"allowed_headers":["*"]},
    {"allowed_origin":"*","allowed_methods":["HEAD"]}]}"#;

fn request(headers: &[(&str, &str)]) -> Request {
    let builder = http::Request::builder().method("OPTIONS").uri("/b/k");
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    Request::new(builder.body(()).unwrap().into_parts().0, &Hosts::new("pek3a", &[]), |_| None).unwrap()
}

fn preflight(rules: &str, origin: &str, method: &str, headers: &str) -> HeaderMap {
    let request = request(&[
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ]);
    Preflight::parse(&request).unwrap().response_headers(&read(rules.as_bytes()).unwrap())
}

#[test]
fn preflight_response_lists_everything_allowed() {
    let response = preflight(RULES, "http://www.example.com", "PUT", "x-qs-date, X-A-B");
    assert_eq!(response["access-control-allow-origin"], "http://www.example.com");
    assert_eq!(response["access-control-allow-methods"], "PUT, GET");
    assert_eq!(response["access-control-allow-headers"], "x-qs-date, X-A-B");
    assert_eq!(response["access-control-expose-headers"], "ETag, x-qs-request-id");
    assert_eq!(response["access-control-max-age"], "200");
    assert!(!response.contains_key("vary"));

    let response = preflight(RULES, "https://anywhere", "HEAD", "");
    assert_eq!(response["access-control-allow-origin"], "*");
    for absent in ["access-control-allow-headers", "access-control-expose-headers", "access-control-max-age"] {
        assert!(!response.contains_key(absent), "{absent}");
    }
}

#[test]
fn later_rule_applies_if_earlier_rules_do_not_match() {
    let response = preflight(RULES, "http://A.example.com", "DELETE", "anything");
    assert_eq!(response["access-control-allow-methods"], "DELETE");
}

#[test]
fn response_has_no_headers_if_no_rule_matches() {
    for (origin, method, headers) in [
        ("http://example.com", "GET", ""),
        ("https://www.example.com", "GET", ""),
        ("http://.example.com.evil", "GET", ""),
        ("http://www.example.com", "POST", ""),
        ("http://www.example.com", "get", ""),
        ("http://www.example.com", "GET", "x-qs-date, x-other"),
        ("http://anywhere", "HEAD", "x-qs-date"),
    ] {
        assert!(preflight(RULES, origin, method, headers).is_empty(), "{origin} {method} {headers}");
    }
}

#[test]
fn star_allows_every_method_and_resp_vary_adds_vary() {
    let rules = r#"{"cors_rules":[{"allowed_origin":"http://a","allowed_methods":["*"]}],"resp_vary":"enabled"}"#;
    let response = preflight(rules, "http://a", "POST", "");
    assert_eq!(response["access-control-allow-methods"], "GET, PUT, POST, DELETE, HEAD");
    assert_eq!(response["vary"], "Origin");
}

#[test]
fn matches_patterns() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("ab*ba", "aba", false),
        ("ab*ba", "abba", true),
        ("a*", "b", false),
        ("*é", "É", false),
        ("*é", "é", true),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn preflight_requires_origin_and_method() {
    let code = |headers: &[(&str, &str)]| Preflight::parse(&request(headers)).map(|_| ()).map_err(|error| error.code);
    let (origin, method) = (("origin", "http://a"), ("access-control-request-method", "GET"));
    assert_eq!(code(&[origin, method]), Ok(()));
    assert_eq!(code(&[origin]), Err(Code::InvalidArgument));
    assert_eq!(code(&[method]), Err(Code::InvalidArgument));
    assert_eq!(code(&[origin, ("access-control-request-method", "")]), Err(Code::InvalidArgument));
}
