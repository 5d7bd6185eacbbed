//! Where the data of a new object, or of a part, come from.

use http::HeaderMap;

use crate::error::{Code, Error};

pub(crate) const COPY: &str = "x-qs-copy-source";
pub(crate) const MOVE: &str = "x-qs-move-source";
const FETCH: &str = "x-qs-fetch-source";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Body,
    /// Another object, which stays.
    Copy,
    /// Another object, which goes.
    Move,
}

impl Source {
    pub(crate) fn of_object(headers: &HeaderMap) -> Result<Self, Error> {
        // Also where the value is no good: were it taken for no source, an empty body would replace the target.
        match (headers.contains_key(COPY), headers.contains_key(MOVE)) {
            (true, true) => Err(Error::invalid_argument("an object can be copied or moved, not both")),
            (true, false) => Ok(Self::Copy),
            (false, true) => Ok(Self::Move),
            (false, false) if headers.contains_key(FETCH) => {
                Err(Error::new(Code::NotImplemented, "the emulator does not fetch objects (X-QS-Fetch-Source)"))
            }
            (false, false) => Ok(Self::Body),
        }
    }

    pub(crate) fn of_part(headers: &HeaderMap) -> Self {
        if headers.contains_key(COPY) { Self::Copy } else { Self::Body }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(names: &[&'static str], value: &[u8]) -> HeaderMap {
        let value = HeaderValue::from_bytes(value).unwrap();
        names.iter().map(|name| (HeaderName::from_static(name), value.clone())).collect()
    }

    #[test]
    fn a_source_without_a_value_is_still_a_source() {
        for value in [&b""[..], b"\xff"] {
            assert_eq!(Source::of_object(&headers(&[COPY], value)).unwrap(), Source::Copy);
            assert_eq!(Source::of_object(&headers(&[MOVE], value)).unwrap(), Source::Move);
            assert_eq!(Source::of_part(&headers(&[COPY], value)), Source::Copy);
        }
        assert_eq!(Source::of_object(&HeaderMap::new()).unwrap(), Source::Body);
        assert_eq!(Source::of_part(&HeaderMap::new()), Source::Body);
    }

    #[test]
    fn one_source_at_a_time_and_none_elsewhere() {
        let code = |names: &[&'static str]| Source::of_object(&headers(names, b"v")).unwrap_err().code();
        assert_eq!(code(&[COPY, MOVE]), Code::InvalidArgument);
        assert_eq!(code(&[FETCH]), Code::NotImplemented);
    }
}
