//! Domains that are bound to a bucket. They come and go one at a time.

use serde::{Deserialize, Serialize};

use super::Rules;
use crate::clock::Moment;

/// The body that binds a domain.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CnameChange {
    pub(crate) domain: String,
    #[serde(default)]
    pub(crate) r#type: Option<CnameType>,
}

/// The body that frees one.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Domain {
    pub(crate) domain: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CnameRecord {
    pub(crate) domain: String,
    pub(crate) r#type: CnameType,
    pub(crate) created: Moment,
}

impl CnameRecord {
    pub(crate) fn is(&self, domain: &str) -> bool {
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

impl CnameType {
    /// As a query parameter; without one the normal domains are meant.
    pub(crate) fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            None => Some(Self::default()),
            Some("normal") => Some(Self::Normal),
            Some("website") => Some(Self::Website),
            Some(_) => None,
        }
    }
}

impl Rules for CnameChange {
    // Whether the domain is registered and leads here is the business of the service.
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
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label) {
        return Ok(());
    }
    Err(format!("domain: \"{domain}\" is not the name of a domain"))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn domains() {
        for good in ["example.com", "a-b.c1.example.com", "xn--fiqs8s.cn"] {
            assert_eq!(check_domain(good), Ok(()), "{good}");
        }
        for bad in ["", "example", ".com", "a..b", "-a.com", "a-.com", "a b.com", "http://a.com", "a.com."] {
            assert!(check_domain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn faults() {
        let message = |body: &str| read::<CnameChange>(body.as_bytes()).map(|_| ()).unwrap_err().message().to_owned();
        assert!(message("{}").contains("missing field `domain`"));
        assert!(message(r#"{"domain":"example.com","type":"other"}"#).contains("type: unknown variant `other`"));
        assert!(message(r#"{"domain":"example"}"#).contains("domain"));
        let change: CnameChange = read(br#"{"domain":"example.com","x":1}"#).unwrap();
        assert_eq!(change.r#type.unwrap_or_default(), CnameType::Normal);
    }
}
