//! Addresses of requests: scheme, host and path from endpoint, zone, bucket and key.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::value::{check_key, encode_path};

/// The place of the bucket name in a URL: the path or the host name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressingStyle {
    /// `https://pek3b.qingstor.com/bucket/key`. Works with every endpoint.
    #[default]
    Path,
    /// `https://bucket.pek3b.qingstor.com/key`. Requires an endpoint with a host name, and a bucket name that can be a
    /// label of a host name.
    VirtualHost,
}

/// Scheme, host and port of the service, without zone and bucket. The client puts these before the host.
///
/// Parsed from text such as `https://qingstor.com`, `http://127.0.0.1:9000` or `http://[::1]:9000`.
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
    /// `host` or `host:port`. The default port of the scheme is left out.
    authority: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// The address of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: &'static str,
    /// The endpoint's host and port with the labels of bucket and zone before them.
    pub(crate) authority: String,
    /// The path of the request line, which is also the one that is signed.
    pub(crate) path: String,
    /// Text that is signed before the path: `/bucket` if the bucket is part of the host, else nothing.
    pub(crate) resource_prefix: String,
}

impl Target {
    pub(crate) fn url(&self, query: Option<&str>) -> String {
        let Self { scheme, authority, path, .. } = self;
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        [scheme, "://", authority, path, mark, query].concat()
    }

    /// Returns the bucket if it is part of the host.
    pub(crate) fn virtual_host_bucket(&self) -> Option<&str> {
        self.resource_prefix.strip_prefix('/')
    }
}

impl Endpoint {
    /// Creates an endpoint from separate settings. `host` may be an IPv6 address without brackets.
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

    /// Returns true if the host is an IP address, which can have neither zone nor bucket before it.
    pub(crate) fn is_ip_address(&self) -> bool {
        matches!(self.host, Host::Ip(_))
    }

    /// Returns true if the requests for all buckets go to this machine.
    pub(crate) fn is_this_machine(&self, style: AddressingStyle) -> bool {
        match &self.host {
            Host::Ip(address) => address.is_loopback(),
            Host::Name(name) => name == "localhost" && style == AddressingStyle::Path,
        }
    }

    /// Refuses virtual-host style for an endpoint with an IP address.
    pub(crate) fn check_style(&self, style: AddressingStyle) -> Result<()> {
        match style {
            AddressingStyle::VirtualHost if self.is_ip_address() => Err(Error::config(format!(
                "virtual-host style needs an endpoint with a host name, but that of {self} is an IP address: use path \
                 style, or a name such as localhost"
            ))),
            _ => Ok(()),
        }
    }

    /// Returns the address of the service (without a bucket), a bucket (without a key) or an object.
    ///
    /// The zone becomes a label of the host name unless the host is an IP address. In path style it is also left out for
    /// `localhost` and names below it: many systems do not resolve `pek3b.localhost`, and a service on this machine has no
    /// zones. Virtual-host style needs such names to be resolved anyway.
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
        // The caller has checked the key. A bad one would address another resource, so it is checked here too.
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
            && !is_length_valid(authority.len() + name.len())
        {
            return Err(Error::config(format!("the host name {authority}{name} is too long")));
        }
        authority.push_str(&self.authority);
        let resource_prefix = host_bucket.map_or_else(String::new, |bucket| ["/", bucket].concat());
        Ok(Target { scheme: self.scheme.as_str(), authority, path, resource_prefix })
    }

    fn zone_label(&self, zone: Option<&str>, style: AddressingStyle) -> Result<Option<String>> {
        let Some(zone) = zone else { return Ok(None) };
        check_zone(zone)?;
        let takes_none = match &self.host {
            Host::Ip(_) => true,
            Host::Name(name) => style == AddressingStyle::Path && is_localhost(name),
        };
        Ok((!takes_none).then(|| zone.to_ascii_lowercase()))
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // This check is the first, so that no message contains a password.
        if text.contains('@') {
            return Err(Error::config(
                "the endpoint has a user name or an '@' in it: key pairs belong into access_key_id and \
                 secret_access_key, and an endpoint is scheme, host and port, such as https://qingstor.com",
            ));
        }
        let invalid = |what: &str| {
            Error::config(format!(
                "the endpoint {text:?} {what}: it must be scheme, host and port, such as https://qingstor.com or \
                 http://127.0.0.1:9000"
            ))
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("has no scheme"))?;
        let scheme = Scheme::parse(scheme).ok_or_else(|| invalid("has a scheme other than https and http"))?;
        if rest.contains('?') || rest.contains('#') {
            return Err(invalid("has a query or a fragment"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !path.is_empty() {
            return Err(invalid("has a path"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address are inside its brackets.
            Some((host, port)) if !authority.starts_with('[') || host.ends_with(']') => {
                let port = parse_port(port).ok_or_else(|| invalid("has no port from 1 to 65535"))?;
                (host, Some(port))
            }
            _ => (authority, None),
        };
        Ok(Self::new(scheme, Host::parse(host)?, port))
    }
}

/// Formats the endpoint without a trailing slash and without the default port of the scheme.
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

/// Parses a port of decimal digits. Unlike `str::parse`, it accepts no sign and no leading zero.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

pub(crate) fn check_zone(zone: &str) -> Result<()> {
    if zone.is_empty() {
        return Err(Error::config("the zone of the bucket is empty: pass None for the zone of the configuration"));
    }
    if is_label(&zone.to_ascii_lowercase()) {
        return Ok(());
    }
    Err(Error::config(format!("the zone {zone:?} cannot be part of a host name: it must be one label, such as pek3b")))
}

/// Refuses names that cannot be sent unchanged. The server checks its own rules; emulators often allow shorter names
/// than QingStor.
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
            if is_label(bucket) {
                return Ok(());
            }
            "must be one label of a host name in virtual-host style: at most 63 lower-case letters, digits and '-', \
             with no '-' at either end"
        }
    };
    Err(Error::config(format!("the bucket name {bucket:?} cannot be addressed: it {required}")))
}

/// A host name or an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// A host name in lower case.
    Name(String),
    Ip(IpAddr),
}

impl Host {
    /// Parses the host of a URL. An IPv6 address is in brackets.
    fn parse(text: &str) -> Result<Self> {
        let invalid = |what: &str| Error::config(format!("the host {text:?} {what}"));
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
            return match address {
                Some(address) => Ok(Self::Ip(address.into())),
                None => Err(invalid("is not an IPv6 address in brackets, such as [::1]")),
            };
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Ip(address.into()));
        }
        if text.contains('@') {
            // The text is not repeated, since it may contain a password.
            return Err(Error::config("the host has an '@' in it"));
        }
        if text.is_empty() {
            return Err(Error::config("the host is empty: it must be a name such as qingstor.com, or an IP address"));
        }
        if !text.is_ascii() {
            return Err(invalid("has letters outside ASCII: write it in its xn-- form"));
        }
        let name = text.to_ascii_lowercase();
        // Names of services in container networks may have underscores.
        let is_name = name.split('.').all(|label| is_label(&label.replace('_', "x")));
        if !is_name || !is_length_valid(name.len()) {
            return Err(invalid("is neither a host name, such as qingstor.com, nor an IP address"));
        }
        if ends_in_number(&name) {
            // URL libraries resolve 127.1 and 0x7f.1 to 127.0.0.1, and refuse 10.0.0.256.
            return Err(invalid("looks like an IPv4 address, but is not one"));
        }
        Ok(Self::Name(name))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Returns true for `localhost` and names below it, which are this machine (RFC 6761).
fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Returns true if this can be a label of a host name and no URL library rewrites it.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_length_valid(length: usize) -> bool {
    length <= 253
}

fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits(last) || last.strip_prefix("0x").is_some_and(hex)
}

#[cfg(test)]
mod tests;
