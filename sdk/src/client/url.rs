//! URLs that are sent exactly as they were signed.

use std::sync::{Mutex, PoisonError};

use reqwest::Url;

use crate::config::Target;
use crate::error::{Error, Result};

/// A URL that the URL library has not rewritten.
pub(crate) struct ExactUrl(Url);

impl From<ExactUrl> for Url {
    fn from(url: ExactUrl) -> Self {
        url.0
    }
}

/// A cache of the scheme and host of the latest request. Parsing a host takes longer than all other work on a request,
/// and most requests go to the same host.
#[derive(Debug, Default)]
pub(super) struct LatestOrigin(Mutex<Option<Url>>);

impl LatestOrigin {
    /// Returns the URL of a request.
    ///
    /// # Errors
    ///
    /// If the URL library would rewrite the URL, so that the signature would be wrong.
    pub(super) fn exact_url(&self, target: &Target, query: Option<&str>) -> Result<ExactUrl> {
        let mut url = self.origin(target)?;
        url.set_path(&target.path);
        url.set_query(query);
        if url.path() != target.path || url.query() != query {
            let text = target.url(query);
            return Err(Error::invalid_input(format!("the URL {text} would be sent as {url}")));
        }
        Ok(ExactUrl(url))
    }

    fn origin(&self, target: &Target) -> Result<Url> {
        let Target { scheme, authority, .. } = target;
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origin) = latest.as_ref().filter(|url| url.scheme() == *scheme && url.authority() == *authority) {
            return Ok(origin.clone());
        }
        let text = [scheme, "://", authority].concat();
        let origin = Url::parse(&text)
            .map_err(|error| Error::invalid_input(format!("the URL {text} cannot be sent")).with_source(error))?;
        *latest = Some(origin.clone());
        Ok(origin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{AddressingStyle, Endpoint};
    use crate::value::encode_query;

    fn target(endpoint: &str, key: &str, style: AddressingStyle) -> Target {
        endpoint.parse::<Endpoint>().unwrap().target(Some("pek3b"), Some("bucket"), Some(key), style).unwrap()
    }

    proptest! {
        #[test]
        fn exact_url_equals_the_url_of_the_target(
            requests in prop::collection::vec(("[^\0]{1,20}", prop::option::of(".{0,9}"), 0_usize..4), 1..9),
        ) {
            let endpoints = ["https://qingstor.com", "http://localhost:9000", "http://127.0.0.1", "http://[::1]:1"];
            let latest = LatestOrigin::default();
            for (key, value, endpoint) in requests {
                prop_assume!(crate::value::check_key(&key).is_ok());
                let target = target(endpoints[endpoint], &key, AddressingStyle::Path);
                let query = value.map(|value| format!("prefix={}&acl", encode_query(&value)));
                let ExactUrl(url) = latest.exact_url(&target, query.as_deref()).unwrap();
                prop_assert_eq!(url.as_str(), target.url(query.as_deref()));
            }
        }
    }

    #[test]
    fn exact_url_rejects_a_url_that_would_be_rewritten() {
        let latest = LatestOrigin::default();
        let mut target = target("https://qingstor.com", "key", AddressingStyle::VirtualHost);
        for path in ["/a/../b", "/a/%2e%2E/b", "/a b", "/a\tb", "/a?b", "/a#b", "a", "/ä"] {
            target.path = path.into();
            let error = latest.exact_url(&target, None).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|text| text.contains("would be sent as")), "{path}: {error:?}");
        }
        target.path = "/key".into();
        for query in ["a b", "a#b"] {
            assert!(latest.exact_url(&target, Some(query)).is_err(), "{query}");
        }
    }
}
