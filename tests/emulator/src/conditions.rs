//! Conditional requests.

use http::{HeaderMap, StatusCode};

use crate::clock::Moment;
use crate::error::{Code, Error};

/// The conditional headers of a request, and the object that they are evaluated for.
///
/// `prefix` precedes the names of the headers.
struct Conditions<'a> {
    headers: &'a HeaderMap,
    prefix: &'a str,
    etag: &'a str,
    modified: Moment,
}

/// Evaluates the conditions of GET and HEAD and returns 200 or 304.
///
/// A failed `If-Match` or `If-Unmodified-Since` is an error with status 412. A failed `If-None-Match` or
/// `If-Modified-Since` returns 304. A condition on the ETag takes precedence over one on the date.
pub(crate) fn check_read(headers: &HeaderMap, etag: &str, modified: Moment) -> Result<StatusCode, Error> {
    let conditions = Conditions { headers, prefix: "", etag, modified };
    if let Some(matches) = conditions.etag_listed("if-match") {
        if !matches {
            return Err(precondition_failed("If-Match"));
        }
    } else if conditions.modified_after("if-unmodified-since") == Some(true) {
        return Err(precondition_failed("If-Unmodified-Since"));
    }
    let unchanged = match conditions.etag_listed("if-none-match") {
        Some(listed) => listed,
        None => conditions.modified_after("if-modified-since") == Some(false),
    };
    Ok(if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK })
}

/// Evaluates the conditions on the source of a copy or move, such as `x-qs-copy-source-if-match`. A failed condition is
/// an error with status 412.
pub(crate) fn check_source(headers: &HeaderMap, prefix: &str, etag: &str, modified: Moment) -> Result<(), Error> {
    let conditions = Conditions { headers, prefix, etag, modified };
    let failed = [
        ("if-match", conditions.etag_listed("if-match") == Some(false)),
        ("if-none-match", conditions.etag_listed("if-none-match") == Some(true)),
        ("if-unmodified-since", conditions.modified_after("if-unmodified-since") == Some(true)),
        ("if-modified-since", conditions.modified_after("if-modified-since") == Some(false)),
    ];
    match failed.iter().find(|(_, failed)| *failed) {
        Some((name, _)) => Err(precondition_failed(&format!("{prefix}{name}"))),
        None => Ok(()),
    }
}

/// Evaluates the conditions of a write. `etag` is the ETag of the object that it replaces, if there is one. A failed
/// condition is an error with status 412.
pub(crate) fn check_write(headers: &HeaderMap, etag: Option<&str>) -> Result<(), Error> {
    let conditions = Conditions { headers, prefix: "", etag: etag.unwrap_or_default(), modified: Moment::default() };
    let failed = [
        ("If-Match", conditions.etag_listed("if-match").is_some_and(|listed| !listed || etag.is_none())),
        ("If-None-Match", conditions.etag_listed("if-none-match") == Some(true) && etag.is_some()),
    ];
    match failed.iter().find(|(_, failed)| *failed) {
        Some((name, _)) => Err(precondition_failed(name)),
        None => Ok(()),
    }
}

impl Conditions<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.headers
            .get(format!("{}{name}", self.prefix))
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// Returns true if a header lists the ETag or `*`. The comparison includes the quotes, as in the service.
    /// `None` if the header is absent.
    fn etag_listed(&self, name: &str) -> Option<bool> {
        self.text(name).map(|list| list.split(',').map(str::trim).any(|listed| listed == "*" || listed == self.etag))
    }

    /// Returns true if the object was modified after the date in a header. Fractions of a second are ignored, because
    /// headers have none. `None` if the header is absent or is not a date.
    fn modified_after(&self, name: &str) -> Option<bool> {
        self.text(name).and_then(Moment::parse_http_date).map(|date| self.modified.seconds() > date.seconds())
    }
}

fn precondition_failed(condition: &str) -> Error {
    Error::new(Code::PreconditionFailed, format!("the condition {condition} does not hold"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETAG: &str = "\"abc\"";
    const MODIFIED: i64 = 1_700_000_000;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name: http::HeaderName = name.parse().unwrap();
                (name, value.parse().unwrap())
            })
            .collect()
    }

    fn read(pairs: &[(&str, &str)]) -> Result<StatusCode, Code> {
        check_read(&headers(pairs), ETAG, Moment::from_seconds(MODIFIED)).map_err(|error| error.code)
    }

    fn date(offset: i64) -> String {
        Moment::from_seconds(MODIFIED + offset).http_date()
    }

    #[test]
    fn failed_if_match_returns_412() {
        assert_eq!(read(&[("if-match", ETAG)]), Ok(StatusCode::OK));
        assert_eq!(read(&[("if-match", "\"x\", \"abc\"")]), Ok(StatusCode::OK));
        assert_eq!(read(&[("if-match", "*")]), Ok(StatusCode::OK));
        for bad in ["\"x\"", "abc"] {
            assert_eq!(read(&[("if-match", bad)]), Err(Code::PreconditionFailed));
        }
        assert_eq!(read(&[("if-unmodified-since", &date(0))]), Ok(StatusCode::OK));
        assert_eq!(read(&[("if-unmodified-since", &date(-1))]), Err(Code::PreconditionFailed));
        assert_eq!(read(&[("if-match", ETAG), ("if-unmodified-since", &date(-1))]), Ok(StatusCode::OK));
    }

    #[test]
    fn failed_if_none_match_returns_304() {
        assert_eq!(read(&[("if-none-match", ETAG)]), Ok(StatusCode::NOT_MODIFIED));
        assert_eq!(read(&[("if-none-match", "\"x\"")]), Ok(StatusCode::OK));
        assert_eq!(read(&[("if-modified-since", &date(0))]), Ok(StatusCode::NOT_MODIFIED));
        assert_eq!(read(&[("if-modified-since", &date(-1))]), Ok(StatusCode::OK));
        assert_eq!(read(&[("if-none-match", "\"x\""), ("if-modified-since", &date(0))]), Ok(StatusCode::OK));
        assert_eq!(read(&[("if-modified-since", "never")]), Ok(StatusCode::OK));
    }

    #[test]
    fn failed_source_condition_returns_412() {
        let judge = |name: &str, value: &str| {
            let name = format!("x-qs-copy-source-{name}");
            check_source(&headers(&[(&name, value)]), "x-qs-copy-source-", ETAG, Moment::from_seconds(MODIFIED))
                .map_err(|error| error.code)
        };
        assert_eq!(judge("if-match", ETAG), Ok(()));
        assert_eq!(judge("if-none-match", "\"x\""), Ok(()));
        for (name, value) in [
            ("if-match", "\"x\"".to_owned()),
            ("if-none-match", ETAG.to_owned()),
            ("if-modified-since", date(0)),
            ("if-unmodified-since", date(-1)),
        ] {
            assert_eq!(judge(name, &value), Err(Code::PreconditionFailed), "{name}");
        }
    }
}
