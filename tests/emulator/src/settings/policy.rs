//! Bucket policies. The emulator stores them and does not enforce them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Rules;
use super::reader::{OneOrMany, check_ids, check_length, check_not_empty};

const MAX_ID_LENGTH: usize = 100;
const MAX_USER_LENGTH: usize = 300;
const MAX_ACTION_LENGTH: usize = 500;
const MAX_RESOURCE_LENGTH: usize = 2048;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Policy {
    statement: Vec<Statement>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Statement {
    id: String,
    user: OneOrMany<String>,
    action: OneOrMany<Action>,
    effect: Effect,
    resource: Option<OneOrMany<String>>,
    condition: Option<Condition>,
}

/// An action. Some have one name in the official specification and another one in the documentation. Both are accepted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    ListObjects,
    HeadBucket,
    GetBucketStats,
    GetObject,
    CreateObject,
    DeleteObject,
    HeadObject,
    ListMultipart,
    UploadMultipart,
    AbortMultipart,
    InitiateMultipart,
    CompleteMultipart,
    ListObjectParts,
    UploadObjectPart,
    AbortMultipartUpload,
    InitiateMultipartUpload,
    CompleteMultipartUpload,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    Allow,
    Deny,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Condition {
    string_like: Option<Patterns>,
    string_not_like: Option<Patterns>,
    ip_address: Option<Networks>,
    not_ip_address: Option<Networks>,
    is_null: Option<IsNull>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Patterns {
    #[serde(rename = "Referer")]
    referer: Option<OneOrMany<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Networks {
    source_ip: Option<OneOrMany<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct IsNull {
    #[serde(rename = "Referer")]
    referer: Option<bool>,
}

impl Rules for Policy {
    fn check(&self) -> Result<(), String> {
        check_ids("statement", self.statement.iter().map(|statement| statement.id.as_str()), Some(MAX_ID_LENGTH))?;
        for (index, statement) in self.statement.iter().enumerate() {
            statement.check().map_err(|problem| format!("statement[{index}].{problem}"))?;
        }
        Ok(())
    }
}

impl Statement {
    fn check(&self) -> Result<(), String> {
        check_not_empty("user", &self.user.0)?;
        check_length("user", length(&self.user), MAX_USER_LENGTH)?;
        check_not_empty("action", &self.action.0)?;
        let actions = serde_json::to_string(&self.action).unwrap_or_default();
        check_length("action", actions.chars().count(), MAX_ACTION_LENGTH)?;
        check_length("resource", self.resource.as_ref().map_or(0, length), MAX_RESOURCE_LENGTH)?;
        let Some(condition) = &self.condition else {
            return Ok(());
        };
        check_networks("condition.ip_address", &condition.ip_address)?;
        check_networks("condition.not_ip_address", &condition.not_ip_address)
    }
}

/// Returns the number of characters of all texts together.
fn length(texts: &OneOrMany<String>) -> usize {
    texts.0.iter().map(|text| text.chars().count()).sum()
}

fn check_networks(field: &str, networks: &Option<Networks>) -> Result<(), String> {
    let networks = networks.as_ref().and_then(|networks| networks.source_ip.as_ref());
    match networks.and_then(|networks| networks.0.iter().position(|network| !is_network(network))) {
        Some(index) => Err(format!("{field}.source_ip[{index}]: is not a network such as 172.16.0.0/24")),
        None => Ok(()),
    }
}

fn is_network(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, length.parse::<u8>().ok()),
        None => (text, Some(0)),
    };
    let max_length = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.is_some_and(|length| length <= max_length)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round_trip};
    use super::*;

    fn statement(fields: &str) -> String {
        format!(r#"{{"statement":[{{"id":"a",{fields}}}]}}"#)
    }

    #[test]
    fn round_trips() {
        let body = statement(
            r#""user":["*"],"action":["get_object","list_multipart","upload_object_part"],"effect":"allow",
            "resource":[],"condition":{"string_like":{"Referer":["*.example1.com","*.example2.com"]},
            "ip_address":{"source_ip":["172.16.0.0/24","172.16.1.1/32","::1"]},"is_null":{"Referer":false}}"#,
        );
        assert_eq!(round_trip::<Policy>(&body), json(&body));
    }

    #[test]
    fn text_becomes_a_list() {
        let kept = round_trip::<Policy>(&statement(
            r#""user":"*","action":"get_object","effect":"deny","resource":"b/*",
            "condition":{"string_not_like":{"Referer":"*.example.com"}}"#,
        ));
        let expected = statement(
            r#""user":["*"],"action":["get_object"],"effect":"deny","resource":["b/*"],
            "condition":{"string_not_like":{"Referer":["*.example.com"]}}"#,
        );
        assert_eq!(kept, json(&expected));
    }

    #[test]
    fn rejects_invalid_bodies() {
        refused::<Policy>("{}", "missing field `statement`");
        refused::<Policy>(&statement(r#""user":"*","action":"get_object""#), "statement[0]: missing field `effect`");
        refused::<Policy>(&statement(r#""user":"*","action":"x","effect":"allow""#), "statement[0].action: unknown");
        refused::<Policy>(&statement(r#""user":[],"action":"get_object","effect":"allow""#), "statement[0].user");
        refused::<Policy>(&statement(r#""user":"*","action":[],"effect":"allow""#), "statement[0].action: is empty");
        refused::<Policy>(&statement(r#""user":"*","action":"get_object","effect":"may""#), "statement[0].effect");
        let long = "u".repeat(301);
        refused::<Policy>(
            &statement(&format!(r#""user":"{long}","action":"get_object","effect":"allow""#)),
            "statement[0].user: has 301 characters, more than 300",
        );
        for network in ["172.16.0.0/33", "here", "1.2.3.4/", "::1/129"] {
            let condition = format!(r#""condition":{{"not_ip_address":{{"source_ip":["{network}"]}}}}"#);
            refused::<Policy>(
                &statement(&format!(r#""user":"*","action":"get_object","effect":"allow",{condition}"#)),
                "statement[0].condition.not_ip_address.source_ip[0]",
            );
        }
        let one = r#"{"id":"a","user":"*","action":"get_object","effect":"allow"}"#;
        refused::<Policy>(&format!(r#"{{"statement":[{one},{one}]}}"#), "statement[1].id");
    }
}
