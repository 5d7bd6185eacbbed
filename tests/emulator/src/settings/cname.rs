//! Domains that are bound to a bucket. Each request binds or unbinds one domain.

use serde::{Deserialize, Serialize};

use super::Rules;
use crate::clock::Moment;

/// Body of a request that binds a domain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CnameChange {
    pub(crate) domain: String,
    #[serde(default)]
    pub(crate) r#type: Option<CnameType>,
}

/// Body of a request that unbinds a domain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Domain {
    pub(crate) domain: String,
}

/// A domain that is bound to a bucket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CnameRecord {
    pub(crate) domain: String,
    pub(crate) r#type: CnameType,
    pub(crate) created: Moment,
}

impl CnameRecord {
    /// Returns true if this is the record of `domain`, in upper or lower case.
    pub(crate) fn is_for(&self, domain: &str) -> bool {
        self.domain.eq_ignore_ascii_case(domain)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CnameType {
    #[default]
    Normal,
    Website,
}

impl Rules for CnameChange {
    // The service may also check that the domain is registered and resolves to the service. The emulator cannot.
    fn check(&self) -> Result<(), String> {
        check_domain(&self.domain)
    }
}

impl Rules for Domain {
    fn check(&self) -> Result<(), String> {
        check_domain(&self.domain)
    }
}

fn check_domain(domain: &str) -> Result<(), String> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // The host of a request in path style may be an IP address. It must not stand for a bucket.
    let is_address = domain.parse::<std::net::IpAddr>().is_ok();
    if domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label) && !is_address {
        return Ok(());
    }
    Err(format!("domain: \"{domain}\" is not a domain name"))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn checks_domain_names() {
        for good in ["example.com", "a-b.c1.example.com", "xn--fiqs8s.cn"] {
            assert_eq!(check_domain(good), Ok(()), "{good}");
        }
        for bad in ["", "example", ".com", "a..b", "-a.com", "a-.com", "a b.com", "http://a.com", "a.com.", "127.0.0.1"]
        {
            assert!(check_domain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rejects_invalid_bodies() {
        let message = |body: &str| read::<CnameChange>(body.as_bytes()).map(|_| ()).unwrap_err().message;
        assert!(message("{}").contains("missing field `domain`"));
        assert!(message(r#"{"domain":"example.com","type":"other"}"#).contains("type: unknown variant `other`"));
        assert!(message(r#"{"domain":"example"}"#).contains("domain"));
        let change: CnameChange = read(br#"{"domain":"example.com","x":1}"#).unwrap();
        assert_eq!(change.r#type.unwrap_or_default(), CnameType::Normal);
    }
}
