//! Conditional requests: reading only what changed, copying only what did not.

use http::HeaderMap;

use crate::clock::Moment;
use crate::error::Error;

/// The outcome for a read whose conditions did not refuse it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Proceed,
    NotModified,
}

/// The four conditions of a request, under the names a prefix gives them.
struct Conditions<'a> {
    headers: &'a HeaderMap,
    prefix: &'a str,
    etag: &'a str,
    modified: Moment,
}

/// Judges `If-*` of GET and HEAD: a demand that fails is 412, a wish for news that fails is 304. An ETag, where
/// given, decides instead of the date beside it.
pub(crate) fn of_read(headers: &HeaderMap, etag: &str, modified: Moment) -> Result<Outcome, Error> {
    let conditions = Conditions { headers, prefix: "", etag, modified };
    if let Some(matches) = conditions.etag_listed("if-match") {
        if !matches {
            return Err(Error::precondition_failed("If-Match"));
        }
    } else if conditions.modified_after("if-unmodified-since") == Some(true) {
        return Err(Error::precondition_failed("If-Unmodified-Since"));
    }
    let unchanged = match conditions.etag_listed("if-none-match") {
        Some(listed) => listed,
        None => conditions.modified_after("if-modified-since") == Some(false),
    };
    Ok(if unchanged { Outcome::NotModified } else { Outcome::Proceed })
}

/// Judges the conditions on a source, such as `x-qs-copy-source-if-match`: each that fails is 412.
pub(crate) fn of_source(headers: &HeaderMap, prefix: &str, etag: &str, modified: Moment) -> Result<(), Error> {
    let conditions = Conditions { headers, prefix, etag, modified };
    let failed = [
        ("if-match", conditions.etag_listed("if-match") == Some(false)),
        ("if-none-match", conditions.etag_listed("if-none-match") == Some(true)),
        ("if-unmodified-since", conditions.modified_after("if-unmodified-since") == Some(true)),
        ("if-modified-since", conditions.modified_after("if-modified-since") == Some(false)),
    ];
    match failed.iter().find(|(_, failed)| *failed) {
        Some((name, _)) => Err(Error::precondition_failed(&format!("{prefix}{name}"))),
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

    // ETags are compared with their quotes, as the service does.
    fn etag_listed(&self, name: &str) -> Option<bool> {
        self.text(name).map(|list| list.split(',').map(str::trim).any(|listed| listed == "*" || listed == self.etag))
    }

    // A date nobody can read is no condition. Headers have no fractions of a second, so neither has the comparison.
    fn modified_after(&self, name: &str) -> Option<bool> {
        self.text(name).and_then(Moment::parse_http_date).map(|date| self.modified.seconds() > date.seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

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

    fn read(pairs: &[(&str, &str)]) -> Result<Outcome, Code> {
        of_read(&headers(pairs), ETAG, Moment::from_seconds(MODIFIED)).map_err(|error| error.code())
    }

    fn date(offset: i64) -> String {
        Moment::from_seconds(MODIFIED + offset).http_date()
    }

    #[test]
    fn demands_are_412() {
        assert_eq!(read(&[("if-match", ETAG)]), Ok(Outcome::Proceed));
        assert_eq!(read(&[("if-match", "\"x\", \"abc\"")]), Ok(Outcome::Proceed));
        assert_eq!(read(&[("if-match", "*")]), Ok(Outcome::Proceed));
        for bad in ["\"x\"", "abc"] {
            assert_eq!(read(&[("if-match", bad)]), Err(Code::PreconditionFailed));
        }
        assert_eq!(read(&[("if-unmodified-since", &date(0))]), Ok(Outcome::Proceed));
        assert_eq!(read(&[("if-unmodified-since", &date(-1))]), Err(Code::PreconditionFailed));
        assert_eq!(read(&[("if-match", ETAG), ("if-unmodified-since", &date(-1))]), Ok(Outcome::Proceed));
    }

    #[test]
    fn wishes_for_news_are_304() {
        assert_eq!(read(&[("if-none-match", ETAG)]), Ok(Outcome::NotModified));
        assert_eq!(read(&[("if-none-match", "\"x\"")]), Ok(Outcome::Proceed));
        assert_eq!(read(&[("if-modified-since", &date(0))]), Ok(Outcome::NotModified));
        assert_eq!(read(&[("if-modified-since", &date(-1))]), Ok(Outcome::Proceed));
        assert_eq!(read(&[("if-none-match", "\"x\""), ("if-modified-since", &date(0))]), Ok(Outcome::Proceed));
        assert_eq!(read(&[("if-modified-since", "never")]), Ok(Outcome::Proceed));
    }

    #[test]
    fn every_failed_condition_on_a_source_is_412() {
        let judge = |name: &str, value: &str| {
            let name = format!("x-qs-copy-source-{name}");
            of_source(&headers(&[(&name, value)]), "x-qs-copy-source-", ETAG, Moment::from_seconds(MODIFIED))
                .map_err(|error| error.code())
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
