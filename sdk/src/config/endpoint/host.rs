//! Host names and IP addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// In lower case.
    Name(String),
    Ip(IpAddr),
}

impl Host {
    /// Reads a host as a URL has it: an IPv6 address is in brackets.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| Error::config(format!("the host {text:?} {what}"));
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
            return match address {
                Some(address) => Ok(Self::Ip(address.into())),
                None => Err(wrong("is not an IPv6 address in brackets, such as [::1]")),
            };
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Ip(address.into()));
        }
        if text.contains('@') {
            // Not repeated: what stands before it may be a password.
            return Err(Error::config("the host has an '@' in it"));
        }
        if text.is_empty() {
            return Err(Error::config("the host is empty: it must be a name such as qingstor.com, or an IP address"));
        }
        if !text.is_ascii() {
            return Err(wrong("has letters outside ASCII: write it in its xn-- form"));
        }
        let name = text.to_ascii_lowercase();
        // Underscores are for the names of services in container networks.
        let is_name = name.split('.').all(|label| is_label(&label.replace('_', "x")));
        if !is_name || !is_length_valid(name.len()) {
            return Err(wrong("is neither a host name, such as qingstor.com, nor an IP address"));
        }
        if ends_in_number(&name) {
            // URL libraries take 127.1 and 0x7f.1 for 127.0.0.1, and 10.0.0.256 for an error.
            return Err(wrong("looks like an IPv4 address, but is not one"));
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

/// Whether this is `localhost` or a name beneath it, which is this machine by RFC 6761.
pub(super) fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether this can stand between two dots of a host name and is not rewritten there.
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

pub(super) fn is_length_valid(length: usize) -> bool {
    length <= 253
}

fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits(last) || last.strip_prefix("0x").is_some_and(hex)
}
