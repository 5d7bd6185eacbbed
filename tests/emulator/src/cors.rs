//! CORS: response headers that allow web pages of other origins to use a bucket, according to its rules.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::error::Error;
use crate::headers::set_header;
use crate::request::Request;
use crate::response::Response;
use crate::settings::{Cors, CorsRule, Setting};
use crate::store::Store;

/// A preflight request, with which a browser asks whether a web page may send another request.
#[derive(Debug)]
pub(crate) struct Preflight<'a> {
    origin: &'a str,
    method: &'a str,
    headers: Vec<&'a str>,
}

impl<'a> Preflight<'a> {
    pub(crate) fn parse(request: &'a Request) -> Result<Self, Error> {
        let required = |name: HeaderName| {
            let missing = || Error::invalid_argument(format!("the header {name} is required"));
            request.header(name.as_str()).ok_or_else(missing)
        };
        let headers = request.header(header::ACCESS_CONTROL_REQUEST_HEADERS.as_str()).unwrap_or_default();
        Ok(Self {
            origin: required(header::ORIGIN)?,
            method: required(header::ACCESS_CONTROL_REQUEST_METHOD)?,
            headers: headers.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
        })
    }

    /// Returns the headers of the response. They are empty unless a single rule allows the origin, the method and all
    /// headers.
    pub(crate) fn response_headers(&self, cors: &Cors) -> HeaderMap {
        let mut response = HeaderMap::new();
        let allowed = |rule: &&CorsRule| {
            let allows_header =
                |name: &&str| rule.allowed_headers.iter().flatten().any(|pattern| matches(pattern, name));
            allows(rule, self.origin, self.method) && self.headers.iter().all(allows_header)
        };
        let Some(rule) = cors.cors_rules.iter().find(allowed) else {
            return response;
        };
        add_rule_headers(rule, self.origin, cors, &mut response);
        let methods: Vec<&str> = rule.allowed_methods.iter().flat_map(|method| method.names()).copied().collect();
        set_header(&mut response, header::ACCESS_CONTROL_ALLOW_METHODS, &methods.join(", "));
        if !self.headers.is_empty() {
            set_header(&mut response, header::ACCESS_CONTROL_ALLOW_HEADERS, &self.headers.join(", "));
        }
        if let Some(seconds) = rule.max_age_seconds {
            response.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
        }
        response
    }
}

/// Adds the headers that allow a browser to show a response to a web page. Error responses get them too, so that the
/// page can read the errors.
pub(crate) fn add_headers(response: &mut Response, request: &Request, store: &Store) {
    let Some(origin) = request.header(header::ORIGIN.as_str()).filter(|_| request.method != Method::OPTIONS) else {
        return;
    };
    // A bucket that does not exist has no rules.
    let Ok(settings) = store.settings(&request.address.bucket) else {
        return;
    };
    if let Some(cors) = Cors::get(&settings) {
        let allowed = |rule: &&CorsRule| allows(rule, origin, request.method.as_str());
        if let Some(rule) = cors.cors_rules.iter().find(allowed) {
            add_rule_headers(rule, origin, cors, response.headers_mut());
        }
    }
}

/// Adds the headers that responses to preflight requests and to other requests have in common.
fn add_rule_headers(rule: &CorsRule, origin: &str, cors: &Cors, headers: &mut HeaderMap) {
    let origin = if rule.allowed_origin == "*" { "*" } else { origin };
    set_header(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if let Some(names) = rule.expose_headers.as_ref().filter(|names| !names.is_empty()) {
        set_header(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &names.join(", "));
    }
    if cors.varies() {
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
}

/// Returns true if a rule allows the origin and the method.
fn allows(rule: &CorsRule, origin: &str, method: &str) -> bool {
    matches(&rule.allowed_origin, origin)
        && rule.allowed_methods.iter().any(|allowed| allowed.names().contains(&method))
}

/// Returns true if a text matches a pattern in which `*` stands for any text. Ignores case, because host names and
/// header names are case-insensitive.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    match pattern.split_once('*') {
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
        None => pattern == text,
    }
}

#[cfg(test)]
#[path = "cors_tests.rs"]
mod tests;
