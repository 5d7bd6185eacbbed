//! CORS rules.

use serde::{Deserialize, Serialize};

use super::Rules;
use super::reader::check_not_empty;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cors {
    pub(crate) cors_rules: Vec<CorsRule>,
    /// Enables the header `Vary: Origin` in responses. The documentation has the values `enabled` and `Enable`.
    resp_vary: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CorsRule {
    /// A pattern with at most one `*`.
    pub(crate) allowed_origin: String,
    pub(crate) allowed_methods: Vec<CorsMethod>,
    pub(crate) allowed_headers: Option<Vec<String>>,
    pub(crate) expose_headers: Option<Vec<String>>,
    pub(crate) max_age_seconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum CorsMethod {
    Get,
    Put,
    Post,
    Delete,
    Head,
    #[serde(rename = "*")]
    Any,
}

impl CorsMethod {
    /// Returns the HTTP methods.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Get => &["GET"],
            Self::Put => &["PUT"],
            Self::Post => &["POST"],
            Self::Delete => &["DELETE"],
            Self::Head => &["HEAD"],
            Self::Any => &["GET", "PUT", "POST", "DELETE", "HEAD"],
        }
    }
}

impl Cors {
    /// Returns true if responses have the header `Vary: Origin`.
    pub(crate) fn varies(&self) -> bool {
        self.resp_vary.as_ref().is_some_and(|vary| vary.to_ascii_lowercase().starts_with("enable"))
    }
}

impl Rules for Cors {
    fn check(&self) -> Result<(), String> {
        for (index, rule) in self.cors_rules.iter().enumerate() {
            let field = |name: &str| format!("cors_rules[{index}].{name}");
            if rule.allowed_origin.is_empty() {
                return Err(format!("{}: is empty", field("allowed_origin")));
            }
            if rule.allowed_origin.matches('*').count() > 1 {
                return Err(format!("{}: has more than one *", field("allowed_origin")));
            }
            check_not_empty(&field("allowed_methods"), &rule.allowed_methods)?;
            check_names(&field("allowed_headers"), &rule.allowed_headers)?;
            check_names(&field("expose_headers"), &rule.expose_headers)?;
        }
        let vary = self.resp_vary.as_deref().unwrap_or("disabled").to_ascii_lowercase();
        if !matches!(vary.as_str(), "enable" | "enabled" | "disable" | "disabled") {
            return Err(format!("resp_vary: unknown variant `{vary}`, expected `enabled` or `disabled`"));
        }
        Ok(())
    }
}

/// Checks that names are valid in headers, because responses contain them.
fn check_names(field: &str, names: &Option<Vec<String>>) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"*-_.!#$%&'+^`|~".contains(&byte);
    match names.iter().flatten().position(|name| name.is_empty() || !name.bytes().all(plain)) {
        Some(index) => Err(format!("{field}[{index}]: is not a header name")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round_trip};
    use super::*;

    fn rule(fields: &str) -> String {
        format!(r#"{{"cors_rules":[{{{fields}}}]}}"#)
    }

    #[test]
    fn round_trips() {
        let body = r#"{"cors_rules":[{"allowed_origin":"http://*.example.com","allowed_methods":["PUT","*"],
            "allowed_headers":["X-QS-Date","*"],"expose_headers":[],"max_age_seconds":200},
            {"allowed_origin":"*","allowed_methods":["HEAD"]}],"resp_vary":"Enable"}"#;
        assert_eq!(round_trip::<Cors>(body), json(body));
    }

    #[test]
    fn rejects_invalid_bodies() {
        refused::<Cors>("{}", "missing field `cors_rules`");
        refused::<Cors>(&rule(r#""allowed_methods":["GET"]"#), "cors_rules[0]: missing field `allowed_origin`");
        refused::<Cors>(&rule(r#""allowed_origin":"*","allowed_methods":["PATCH"]"#), "allowed_methods[0]: unknown");
        refused::<Cors>(&rule(r#""allowed_origin":"*","allowed_methods":[]"#), "allowed_methods: is empty");
        refused::<Cors>(
            &rule(r#""allowed_origin":"*.*","allowed_methods":["GET"]"#),
            "allowed_origin: has more than one *",
        );
        let more = |field: &str| rule(&format!(r#""allowed_origin":"*","allowed_methods":["GET"],{field}"#));
        refused::<Cors>(&more(r#""max_age_seconds":-1"#), "max_age_seconds: invalid value");
        refused::<Cors>(&more(r#""allowed_headers":["a b"]"#), "allowed_headers[0]");
        refused::<Cors>(&more(r#""expose_headers":["ok",""]"#), "expose_headers[1]");
        refused::<Cors>(r#"{"cors_rules":[],"resp_vary":"maybe"}"#, "resp_vary: unknown variant");
    }
}
