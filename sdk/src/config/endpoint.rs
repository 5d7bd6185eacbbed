//! Endpoints, and the URLs that are made from an endpoint, a zone, a bucket and a key.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::value::{check_key, encode_path};

/// Maximum number of bytes of a host name (RFC 1035, without the trailing dot).
const MAX_HOST_NAME_LENGTH: usize = 253;

/// The place of the bucket name in a URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressingStyle {
    /// In the path, such as `https://pek3b.qingstor.com/bucket/key`. Works with every endpoint.
    #[default]
    Path,
    /// In the host name, such as `https://bucket.pek3b.qingstor.com/key`. Requires an endpoint that is not an IP
    /// address, and a bucket name that is a valid label of a host name.
    VirtualHost,
    /// In neither of them: the endpoint is a domain that is bound to one bucket (see `Bucket::put_bucket_cname`), such
    /// as `https://files.example.com/key`. Zones are not used. The client can send requests for this bucket only, and
    /// none for the account.
    CustomDomain,
}

/// The scheme, host and port of the service. The client adds the zone, and in virtual-host style the bucket, before the
/// host.
///
/// It is parsed from text such as `https://qingstor.com`, `http://127.0.0.1:9000` or `http://[::1]:9000`.
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
    /// `http` or `https`.
    scheme: &'static str,
    host: Host,
    /// `None` is the default port of the scheme.
    port: Option<u16>,
    /// `host` or `host:port`.
    authority: String,
}

/// The address of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: &'static str,
    /// The host and port of the endpoint, after the labels for the bucket and the zone.
    pub(crate) authority: String,
    /// The path of the request line, which is also signed.
    pub(crate) path: String,
    /// The bucket, if the host stands for it and not the path. It is then signed before the path.
    pub(crate) virtual_host_bucket: Option<String>,
}

impl Target {
    pub(crate) fn url(&self, query: Option<&str>) -> String {
        let Self { scheme, authority, path, .. } = self;
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        [scheme, "://", authority, path, mark, query].concat()
    }
}

impl Endpoint {
    fn new(scheme: &'static str, host: Host, port: Option<u16>) -> Self {
        let default_port = if scheme == "https" { 443 } else { 80 };
        let port = port.filter(|port| *port != default_port);
        let authority = match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        Self { scheme, host, port, authority }
    }

    pub(super) fn with_protocol(self, protocol: &str) -> Result<Self> {
        let scheme = parse_scheme(protocol)
            .ok_or_else(|| Error::config(format!("the protocol {protocol:?} is not supported: use https or http")))?;
        Ok(Self::new(scheme, self.host, self.port))
    }

    /// Replaces the host, which may be an IPv6 address without brackets.
    pub(super) fn with_host(self, host: &str) -> Result<Self> {
        let host = match host.parse::<Ipv6Addr>() {
            Ok(address) => Host::Ip(address.into()),
            Err(_) => Host::parse(host)?,
        };
        Ok(Self::new(self.scheme, host, self.port))
    }

    pub(super) fn with_port(self, port: u16) -> Self {
        Self::new(self.scheme, self.host, Some(port))
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Returns true if all requests go to this machine, regardless of their bucket.
    pub(crate) fn is_this_machine(&self, style: AddressingStyle) -> bool {
        match &self.host {
            Host::Ip(address) => address.is_loopback(),
            Host::Name(name) => name == "localhost" && style != AddressingStyle::VirtualHost,
        }
    }

    /// Returns true if the host is QingStor's default host or below it.
    pub(super) fn is_of_qingstor(&self) -> bool {
        matches!(&self.host, Host::Name(name) if format!(".{name}").ends_with(".qingstor.com"))
    }

    /// Returns an error if the host does not support the style.
    pub(crate) fn check_style(&self, style: AddressingStyle) -> Result<()> {
        match (style, &self.host) {
            (AddressingStyle::CustomDomain, Host::Name(name)) if name != "qingstor.com" => Ok(()),
            (AddressingStyle::CustomDomain, _) => Err(Error::config(format!(
                "a custom domain is the domain of one bucket, but the endpoint is {self}: set the endpoint to the domain, \
                 such as https://files.example.com"
            ))),
            (AddressingStyle::VirtualHost, Host::Ip(_)) => Err(Error::config(format!(
                "virtual-host style needs a host name, but the host of {self} is an IP address: use path style, or a name \
                 such as localhost"
            ))),
            _ => Ok(()),
        }
    }

    /// Returns the address of the service (without a bucket), of a bucket (without a key) or of an object.
    ///
    /// The zone becomes a label of the host name unless the host is an IP address, begins with the zone already, or is
    /// a custom domain. In path style, it is also omitted for `localhost` and names below it, because many systems do
    /// not resolve `pek3b.localhost` and a service on this machine has no zones. Virtual-host style requires that the
    /// system resolves such names, so the zone is kept.
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
        // The caller has checked the key too. The check is repeated, because an invalid key would address another
        // resource.
        if let Some(reason) = key.and_then(|key| check_key(key).err()) {
            return Err(Error::config(format!("the key {reason}")));
        }
        let key = key.map(encode_path);
        let (host_bucket, path) = match (style, bucket, key) {
            (AddressingStyle::CustomDomain, None, _) => {
                return Err(Error::config(format!(
                    "the endpoint {self} is the custom domain of a bucket, to which requests on the account cannot be \
                     sent: use a client with another endpoint and AddressingStyle::Path"
                )));
            }
            (AddressingStyle::Path, Some(bucket), Some(key)) => (None, ["/", bucket, "/", &key].concat()),
            (AddressingStyle::Path, Some(bucket), None) => (None, ["/", bucket].concat()),
            (_, Some(bucket), key) => (Some(bucket), ["/", &key.unwrap_or_default()].concat()),
            (_, None, None) => (None, "/".to_owned()),
            (_, None, Some(_)) => return Err(Error::config("a key needs a bucket")),
        };
        let zone = self.zone_label(zone, style)?;
        let bucket_label = host_bucket.filter(|_| style == AddressingStyle::VirtualHost);
        let mut authority: String =
            [bucket_label, zone.as_deref()].into_iter().flatten().flat_map(|label| [label, "."]).collect();
        if let Host::Name(name) = &self.host
            && authority.len() + name.len() > MAX_HOST_NAME_LENGTH
        {
            return Err(Error::config(format!("the host name {authority}{name} is too long")));
        }
        authority.push_str(&self.authority);
        Ok(Target { scheme: self.scheme, authority, path, virtual_host_bucket: host_bucket.map(str::to_owned) })
    }

    /// Returns the zone as a label of the host name, or `None` if the host name contains no zone.
    fn zone_label(&self, zone: Option<&str>, style: AddressingStyle) -> Result<Option<String>> {
        let Some(zone) = zone else { return Ok(None) };
        check_zone(zone)?;
        let zone = zone.to_ascii_lowercase();
        let needs_zone = match &self.host {
            Host::Ip(_) => false,
            Host::Name(name) if name.starts_with(&format!("{zone}.")) => false,
            Host::Name(name) => match style {
                AddressingStyle::Path => !is_localhost(name),
                AddressingStyle::VirtualHost => true,
                AddressingStyle::CustomDomain => false,
            },
        };
        Ok(needs_zone.then_some(zone))
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // This check comes first, so that no error message contains a password.
        if text.contains('@') {
            return Err(Error::config(
                "the endpoint contains an '@': it must be scheme, host and port, such as https://qingstor.com; set \
                 access_key_id and secret_access_key separately",
            ));
        }
        let invalid = |what: &str| {
            Error::config(format!(
                "the endpoint {text:?} {what}: it must be scheme, host and port, such as https://qingstor.com or \
                 http://127.0.0.1:9000"
            ))
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("has no scheme"))?;
        let scheme = parse_scheme(scheme).ok_or_else(|| invalid("has a scheme other than https and http"))?;
        if rest.contains('?') || rest.contains('#') {
            return Err(invalid("has a query or a fragment"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !path.is_empty() {
            return Err(invalid("has a path"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            // Colons between brackets belong to an IPv6 address.
            Some((host, port)) if !authority.starts_with('[') || host.ends_with(']') => {
                let port = parse_port(port).ok_or_else(|| invalid("has no port from 1 to 65535"))?;
                (host, Some(port))
            }
            _ => (authority, None),
        };
        Ok(Self::new(scheme, Host::parse(host)?, port))
    }
}

/// Formats the endpoint without a slash at the end and without the default port of the scheme.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

fn parse_scheme(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme))
}

/// Parses a port. Unlike `str::parse`, it accepts neither a sign nor a leading zero.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

pub(crate) fn check_zone(zone: &str) -> Result<()> {
    if zone.is_empty() {
        return Err(Error::config("the zone of the bucket is empty: pass None to use the zone of the configuration"));
    }
    if is_label(&zone.to_ascii_lowercase()) {
        return Ok(());
    }
    Err(Error::config(format!(
        "the zone {zone:?} cannot be part of a host name: it must be a single label, such as pek3b"
    )))
}

/// Returns an error if a bucket name cannot be sent unchanged. It leaves the rules of QingStor to the server, because
/// emulators often allow shorter names.
fn check_bucket(bucket: &str, style: AddressingStyle) -> Result<()> {
    let required = match style {
        AddressingStyle::Path | AddressingStyle::CustomDomain => {
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
            "must be a label of a host name in virtual-host style: at most 63 lower-case letters, digits and '-', \
             without '-' at the start or end"
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
            // The message does not contain the host, which may include a password.
            return Err(Error::config("the host contains an '@'"));
        }
        if text.is_empty() {
            return Err(Error::config("the host is empty: it must be a name such as qingstor.com, or an IP address"));
        }
        if !text.is_ascii() {
            return Err(invalid("contains non-ASCII letters: write it in its xn-- form"));
        }
        let name = text.to_ascii_lowercase();
        // The names of services in container networks may contain underscores.
        let is_name = name.split('.').all(|label| is_label(&label.replace('_', "x")));
        if !is_name || name.len() > MAX_HOST_NAME_LENGTH {
            return Err(invalid("is neither a host name, such as qingstor.com, nor an IP address"));
        }
        if ends_in_number(&name) {
            // URL libraries convert 127.1 and 0x7f.1 to 127.0.0.1, and reject 10.0.0.256.
            return Err(invalid("looks like an IPv4 address, but is not a valid one"));
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

/// Returns true for `localhost` and names below it, which mean this machine (RFC 6761).
fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Returns true if `text` is a label of a host name that URL libraries do not rewrite.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits(last) || last.strip_prefix("0x").is_some_and(hex)
}

#[cfg(test)]
mod tests;
