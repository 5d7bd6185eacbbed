//! What web pages of other origins may do, as the CORS rules of a bucket say.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::address::Target;
use crate::error::Error;
use crate::metadata::set;
use crate::request::Request;
use crate::response::Answer;
use crate::settings::{Cors, CorsRule, Setting};
use crate::store::Store;

/// What a browser asks before it lets a page send a request.
#[derive(Debug)]
pub(crate) struct Preflight<'a> {
    origin: &'a str,
    method: &'a str,
    headers: Vec<&'a str>,
}

impl<'a> Preflight<'a> {
    pub(crate) fn read(request: &'a Request) -> Result<Self, Error> {
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

    /// The headers of the answer: none of them where no rule allows everything that is asked.
    pub(crate) fn judge(&self, cors: &Cors) -> HeaderMap {
        let mut answer = HeaderMap::new();
        let allowed = |rule: &&CorsRule| {
            allows(rule, self.origin, self.method) && self.headers.iter().all(|name| allows_header(rule, name))
        };
        let Some(rule) = cors.cors_rules.iter().find(allowed) else {
            return answer;
        };
        describe(rule, self.origin, cors, &mut answer);
        let methods: Vec<&str> = rule.allowed_methods.iter().flat_map(|method| method.names()).copied().collect();
        set(&mut answer, header::ACCESS_CONTROL_ALLOW_METHODS, &methods.join(", "));
        if !self.headers.is_empty() {
            set(&mut answer, header::ACCESS_CONTROL_ALLOW_HEADERS, &self.headers.join(", "));
        }
        if let Some(seconds) = rule.max_age_seconds {
            answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
        }
        answer
    }
}

/// Tells a page's browser whether the page may see an answer. Refusals too, or pages could not tell why.
pub(crate) fn announce(answer: &mut Answer, request: &Request, store: &Store) {
    let bucket = match &request.address.target {
        Target::Bucket { bucket } | Target::Object { bucket, .. } => bucket,
        Target::Service => return,
    };
    let Some(origin) = request.header(header::ORIGIN.as_str()).filter(|_| request.method != Method::OPTIONS) else {
        return;
    };
    // An answer about a bucket that is not there, or not any more, has nothing to add.
    let Ok(settings) = store.settings(bucket) else {
        return;
    };
    if let Some(cors) = Cors::kept(&settings) {
        let allowed = |rule: &&CorsRule| allows(rule, origin, request.method.as_str());
        if let Some(rule) = cors.cors_rules.iter().find(allowed) {
            describe(rule, origin, cors, answer.headers_mut());
        }
    }
}

fn describe(rule: &CorsRule, origin: &str, cors: &Cors, headers: &mut HeaderMap) {
    let origin = if rule.allowed_origin == "*" { "*" } else { origin };
    set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if let Some(names) = rule.expose_headers.as_ref().filter(|names| !names.is_empty()) {
        set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &names.join(", "));
    }
    if cors.varies() {
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
}

fn allows(rule: &CorsRule, origin: &str, method: &str) -> bool {
    matches(&rule.allowed_origin, origin)
        && rule.allowed_methods.iter().any(|allowed| allowed.names().contains(&method))
}

fn allows_header(rule: &CorsRule, name: &str) -> bool {
    rule.allowed_headers.iter().flatten().any(|pattern| matches(pattern, name))
}

/// A `*` stands for anything. Hosts and names of headers are the same in letters of any size.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    match pattern.split_once('*') {
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
        None => pattern == text,
    }
}

#[cfg(test)]
#[path = "cross_origin_tests.rs"]
mod tests;
