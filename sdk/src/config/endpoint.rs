//! Where requests go: from endpoint, zone, bucket and key to scheme, host and path.

mod host;

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::value::{check_key, encode_path};

use host::Host;

/// Whether a bucket is named in the path or in the host name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressingStyle {
    /// `https://pek3b.qingstor.com/bucket/key`: works with every endpoint.
    #[default]
    Path,
    /// `https://bucket.pek3b.qingstor.com/key`: needs an endpoint with a host name, and a bucket whose name can be a
    /// label of one.
    VirtualHost,
}

/// Scheme, host and port of the service, without zone and bucket: these are put before the host for every request.
///
/// Read from text such as `https://qingstor.com`, `http://127.0.0.1:9000` or `http://[::1]:9000`.
///
/// ```
/// use qingstor_sdk::Endpoint;
///
/// let endpoint: Endpoint = "HTTPS://QingStor.com:443/".parse()?;
/// assert_eq!(endpoint.to_string(), "https://qingstor.com");
/// assert!("qingstor.com".parse::<Endpoint>().is_err());
/// # Ok::<(), qingstor_sdk::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    host: Host,
    /// `host` or `host:port`; the port is left out if it is the scheme's own.
    authority: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Where one request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: &'static str,
    /// The endpoint's, with the labels of bucket and zone before it.
    pub(crate) authority: String,
    /// As it goes on the request line, and as it is signed.
    pub(crate) path: String,
    /// What is signed before the path: `/bucket` if the bucket is part of the host, else nothing.
    pub(crate) resource_prefix: String,
}

impl Target {
    pub(crate) fn url(&self, query: Option<&str>) -> String {
        let Self { scheme, authority, path, .. } = self;
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        [scheme, "://", authority, path, mark, query].concat()
    }

    /// The bucket, if it is part of the host.
    pub(crate) fn virtual_host_bucket(&self) -> Option<&str> {
        self.resource_prefix.strip_prefix('/')
    }
}

impl Endpoint {
    /// From the separate settings that older configurations have. `host` may be an IPv6 address without brackets.
    pub(crate) fn from_parts(protocol: &str, host: &str, port: Option<u16>) -> Result<Self> {
        let scheme = Scheme::parse(protocol)
            .ok_or_else(|| Error::config(format!("the protocol {protocol:?} is not supported: use https or http")))?;
        let host = match host.parse::<Ipv6Addr>() {
            Ok(address) => Host::Ip(address.into()),
            Err(_) => Host::parse(host)?,
        };
        Ok(Self::new(scheme, host, port))
    }

    fn new(scheme: Scheme, host: Host, port: Option<u16>) -> Self {
        let authority = match port.filter(|port| *port != scheme.default_port()) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        Self { scheme, host, authority }
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether the host is an address, before which neither zone nor bucket can be put.
    pub(crate) fn is_ip_address(&self) -> bool {
        matches!(self.host, Host::Ip(_))
    }

    /// Whether requests go to this very machine, whatever bucket they are for.
    pub(crate) fn is_this_machine(&self, style: AddressingStyle) -> bool {
        match &self.host {
            Host::Ip(address) => address.is_loopback(),
            Host::Name(name) => name == "localhost" && style == AddressingStyle::Path,
        }
    }

    /// An error if buckets are to be named in the host and this one cannot have names put before it.
    pub(crate) fn check_style(&self, style: AddressingStyle) -> Result<()> {
        match style {
            AddressingStyle::VirtualHost if self.is_ip_address() => Err(Error::config(format!(
                "virtual-host style needs an endpoint with a host name, but that of {self} is an IP address: use path \
                 style, or a name such as localhost"
            ))),
            _ => Ok(()),
        }
    }

    /// Addresses the service (no bucket), a bucket (no key) or an object.
    ///
    /// The zone becomes a label of the host name, but not of an IP address, and in path style not of `localhost` or a
    /// name beneath it: many systems resolve `localhost` but not `pek3b.localhost`, and a service on this machine has
    /// no zones to choose from. Virtual-host style depends on such names being resolved anyway.
    pub(crate) fn target(
        &self,
        zone: Option<&str>,
        bucket: Option<&str>,
        key: Option<&str>,
        style: AddressingStyle,
    ) -> Result<Target> {
        self.check_style(style)?;
        if let Some(bucket) = bucket {
            check_bucket(bucket, style)?;
        }
        // The last line of defence: a bad key would address something else than was meant.
        if let Some(reason) = key.and_then(|key| check_key(key).err()) {
            return Err(Error::config(format!("the key {reason}")));
        }
        let key = key.map(encode_path);
        let (host_bucket, path) = match (style, bucket, key) {
            (AddressingStyle::Path, Some(bucket), Some(key)) => (None, ["/", bucket, "/", &key].concat()),
            (AddressingStyle::Path, Some(bucket), None) => (None, ["/", bucket].concat()),
            (AddressingStyle::VirtualHost, Some(bucket), key) => {
                (Some(bucket), ["/", &key.unwrap_or_default()].concat())
            }
            (_, None, None) => (None, "/".to_owned()),
            (_, None, Some(_)) => return Err(Error::config("a key needs a bucket")),
        };
        let zone = self.zone_label(zone, style)?;
        let mut authority: String =
            [host_bucket, zone.as_deref()].into_iter().flatten().flat_map(|label| [label, "."]).collect();
        if let Host::Name(name) = &self.host
            && !host::is_length_valid(authority.len() + name.len())
        {
            return Err(Error::config(format!("the host name {authority}{name} is too long")));
        }
        authority.push_str(&self.authority);
        let resource_prefix = host_bucket.map_or_else(String::new, |bucket| ["/", bucket].concat());
        Ok(Target { scheme: self.scheme.as_str(), authority, path, resource_prefix })
    }

    fn zone_label(&self, zone: Option<&str>, style: AddressingStyle) -> Result<Option<String>> {
        let Some(zone) = zone.filter(|zone| !zone.is_empty()) else {
            return Ok(None);
        };
        check_zone(zone)?;
        let takes_none = match &self.host {
            Host::Ip(_) => true,
            Host::Name(name) => style == AddressingStyle::Path && host::is_localhost(name),
        };
        Ok((!takes_none).then(|| zone.to_ascii_lowercase()))
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // Before anything else, so that no message repeats a password.
        if text.contains('@') {
            return Err(Error::config(
                "the endpoint has a user name or an '@' in it: key pairs belong into access_key_id and \
                 secret_access_key, and an endpoint is scheme, host and port, such as https://qingstor.com",
            ));
        }
        let wrong = |what: &str| {
            Error::config(format!(
                "the endpoint {text:?} {what}: it must be scheme, host and port, such as https://qingstor.com or \
                 http://127.0.0.1:9000"
            ))
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("has no scheme"))?;
        let scheme = Scheme::parse(scheme).ok_or_else(|| wrong("has a scheme other than https and http"))?;
        if rest.contains('?') || rest.contains('#') {
            return Err(wrong("has a query or a fragment"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !path.is_empty() {
            return Err(wrong("has a path"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address are inside its brackets.
            Some((host, port)) if !authority.starts_with('[') || host.ends_with(']') => {
                let port = parse_port(port).ok_or_else(|| wrong("has no port from 1 to 65535"))?;
                (host, Some(port))
            }
            _ => (authority, None),
        };
        Ok(Self::new(scheme, Host::parse(host)?, port))
    }
}

/// As it would be written in a configuration: without a trailing slash, and without the scheme's own port.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority)
    }
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A port in decimal digits, as opposed to all that Rust takes for a number.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

pub(crate) fn check_zone(zone: &str) -> Result<()> {
    if host::is_label(&zone.to_ascii_lowercase()) {
        return Ok(());
    }
    Err(Error::config(format!("the zone {zone:?} cannot be part of a host name: it must be one label, such as pek3b")))
}

/// Asks only for what can be sent unchanged. Which names a service allows is for the service to say; emulators and
/// tests like shorter ones than QingStor.
fn check_bucket(bucket: &str, style: AddressingStyle) -> Result<()> {
    let required = match style {
        AddressingStyle::Path => {
            let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if !matches!(bucket, "" | "." | "..") && bucket.bytes().all(safe) {
                return Ok(());
            }
            "must be letters, digits, '-', '_' and '.'"
        }
        AddressingStyle::VirtualHost => {
            if host::is_label(bucket) {
                return Ok(());
            }
            "must be one label of a host name in virtual-host style: at most 63 lower-case letters, digits and '-', \
             with no '-' at either end"
        }
    };
    Err(Error::config(format!("the bucket name {bucket:?} cannot be addressed: it {required}")))
}

#[cfg(test)]
mod tests;
