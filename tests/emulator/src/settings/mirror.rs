//! Where objects that are not there would be fetched from. Kept, and never asked.

use serde::{Deserialize, Serialize};

use super::Rules;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mirror {
    source_site: String,
}

impl Rules for Mirror {
    /// `[<protocol>://]<host>[:port]/[path]`; the protocol is `http` unless it says otherwise.
    fn check(&self) -> Result<(), String> {
        let rest = match self.source_site.split_once("://") {
            Some((protocol, rest)) if matches!(protocol.to_ascii_lowercase().as_str(), "http" | "https") => rest,
            Some(_) => return Err("source_site: the protocol must be http or https".to_owned()),
            None => &self.source_site,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        match authority.parse::<http::uri::Authority>() {
            Ok(authority) if !authority.host().is_empty() => Ok(()),
            _ => Err("source_site: names no host".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round};
    use super::*;

    #[test]
    fn comes_back_as_it_was_put() {
        for site in ["https://example.com/something/", "http://example.com:80", "example.com/a", "http://[::1]:1/"] {
            let body = format!(r#"{{"source_site":"{site}"}}"#);
            assert_eq!(round::<Mirror>(&body), json(&body));
        }
    }

    #[test]
    fn faults() {
        refused::<Mirror>("{}", "missing field `source_site`");
        for site in ["", "http://", "ftp://example.com/", "http:///path", "http://a b/"] {
            refused::<Mirror>(&format!(r#"{{"source_site":"{site}"}}"#), "source_site");
        }
    }
}
