//! The proxy through which requests are sent.

use std::env;
use std::error::Error as StdError;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Url};

use crate::config::{Config, Endpoint};
use crate::error::{Error, Result, causes};

/// The proxy of a client, and the hosts that are reached without it.
pub(super) struct Proxy {
    url: Url,
    no_proxy: String,
    /// Decides like the one in reqwest.
    matcher: Matcher,
}

impl Proxy {
    /// Returns the proxy of the configuration or else of the environment.
    ///
    /// # Errors
    ///
    /// If its URL cannot be used. The error does not contain the URL, because that may contain a password.
    pub(super) fn of(config: &Config, endpoint: &Endpoint) -> Result<Option<Self>> {
        let (origin, url, no_proxy) = match &config.proxy {
            Some(url) => ("the URL of Config::proxy", url.expose().to_owned(), None),
            // A proxy on another machine cannot connect to this one. A CGI program may receive `HTTP_PROXY` from its
            // client.
            None if endpoint.is_this_machine(config.addressing_style) || env::var_os("REQUEST_METHOD").is_some() => {
                return Ok(None);
            }
            None => {
                let names =
                    if endpoint.is_https() { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
                let Some((name, url)) = first_variable(names).or_else(|| first_variable(["ALL_PROXY", "all_proxy"]))
                else {
                    return Ok(None);
                };
                (name, url, first_variable(["NO_PROXY", "no_proxy"]).map(|(_, hosts)| hosts))
            }
        };
        let no_proxy = config.no_proxy.clone().or(no_proxy).unwrap_or_default();
        // hyper-util applies `*` to names only.
        if no_proxy.split(',').any(|host| host.trim() == "*") {
            return Ok(None);
        }
        let unusable = || {
            Error::config(format!(
                "{origin} is not usable: a proxy must be scheme (http, https, socks4, socks4a, socks5 or socks5h), host \
                 and port, such as http://proxy.example:3128, and special characters in user and password must be \
                 percent-encoded"
            ))
        };
        let url = if url.contains("://") { url } else { format!("http://{url}") };
        let url = Url::parse(&url).ok().filter(is_origin).ok_or_else(unusable)?;
        // The parsed URL is used, because it contains a second `@` of the user info in percent-encoded form. Otherwise
        // `name_for` would return the end of the password as a part of the host.
        let matcher = |no_proxy: &str| Matcher::builder().all(url.as_str()).no(no_proxy).build();
        if matcher("").intercept(&Uri::from_static("http://host")).is_none() {
            return Err(unusable());
        }
        let matcher = matcher(&no_proxy);
        Ok(Some(Self { url, no_proxy, matcher }))
    }

    pub(super) fn apply(&self, builder: ClientBuilder) -> Result<ClientBuilder> {
        let proxy = reqwest::Proxy::all(self.url.clone())
            // reqwest's error may contain the password.
            .map_err(|_| Error::config("the URL of the proxy is not usable"))?;
        Ok(builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&self.no_proxy))))
    }

    /// Returns the URL of the proxy without user and password, if requests to `url` use it.
    pub(super) fn name_for(&self, url: &Url) -> Option<String> {
        let uri: Uri = url.as_str().parse().ok()?;
        Some(self.matcher.intercept(&uri)?.uri().to_string().trim_end_matches('/').to_owned())
    }
}

/// Returns true if the URL consists of scheme, host and port, and possibly user and password.
///
/// A `/`, `?` or `#` that is not percent-encoded ends the host. If it is in the password, the beginning of the user
/// info becomes the host, which errors show.
fn is_origin(url: &Url) -> bool {
    url.has_host() && matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none()
}

/// Returns the first of these variables that is set to a value that is not empty.
fn first_variable<const N: usize>(names: [&'static str; N]) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| Some((name, env::var(name).ok().filter(|value| !value.is_empty())?)))
}

/// The reason for which a proxy did not connect to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NeedsAuthentication,
    Refused,
}

/// Returns the reason if a proxy was reached and refused `CONNECT`.
///
/// The type of hyper-util's error is private, so its texts are compared. The tests of proxies fail if they change.
pub(super) fn refusal(error: &(dyn StdError + 'static)) -> Option<Refusal> {
    causes(error).find_map(|cause| match cause.to_string().as_str() {
        "tunnel error: proxy authorization required" => Some(Refusal::NeedsAuthentication),
        "tunnel error: unsuccessful" => Some(Refusal::Refused),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_proxy_contains_no_part_of_a_password_with_an_at_sign() {
        let config = Config::anonymous().proxy("http://user:first@hunter2@proxy.example:3128");
        let endpoint: Endpoint = "http://store.example".parse().unwrap();
        let proxy = Proxy::of(&config, &endpoint).unwrap().unwrap();
        let name = proxy.name_for(&Url::parse("http://store.example/bucket").unwrap());
        assert_eq!(name.as_deref(), Some("http://proxy.example:3128"));
    }
}
