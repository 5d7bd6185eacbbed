//! The external mirror. The emulator stores the setting and fetches no objects.

use serde::{Deserialize, Serialize};

use super::Rules;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mirror {
    source_site: String,
}

impl Rules for Mirror {
    /// Checks that the site has the form `[<protocol>://]<host>[:port]/[path]`.
    fn check(&self) -> Result<(), String> {
        let rest = match self.source_site.split_once("://") {
            Some((protocol, rest)) if matches!(protocol.to_ascii_lowercase().as_str(), "http" | "https") => rest,
            Some(_) => return Err("source_site: the protocol must be http or https".to_owned()),
            None => &self.source_site,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        match authority.parse::<http::uri::Authority>() {
            Ok(authority) if !authority.host().is_empty() => Ok(()),
            _ => Err("source_site: has no host".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round_trip};
    use super::*;

    #[test]
    fn round_trips() {
        for site in ["https://example.com/something/", "http://example.com:80", "example.com/a", "http://[::1]:1/"] {
            let body = format!(r#"{{"source_site":"{site}"}}"#);
            assert_eq!(round_trip::<Mirror>(&body), json(&body));
        }
    }

    #[test]
    fn rejects_invalid_bodies() {
        refused::<Mirror>("{}", "missing field `source_site`");
        for site in ["", "http://", "ftp://example.com/", "http:///path", "http://a b/"] {
            refused::<Mirror>(&format!(r#"{{"source_site":"{site}"}}"#), "source_site");
        }
    }
}
