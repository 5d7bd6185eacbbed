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
        let url = if url.contains("://") { url } else { format!("http://{url}") };
        let matcher = Matcher::builder().all(&url).no(&no_proxy).build();
        let is_usable = Matcher::builder().all(&url).build().intercept(&Uri::from_static("http://host")).is_some();
        match Url::parse(&url) {
            Ok(url) if is_usable && url.has_host() => Ok(Some(Self { url, no_proxy, matcher })),
            _ => Err(Error::config(format!(
                "{origin} is not usable: a proxy must be scheme (http, https, socks4, socks4a, socks5 or socks5h), host \
                 and port, such as http://proxy.example:3128, and special characters in user and password must be \
                 percent-encoded"
            ))),
        }
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
