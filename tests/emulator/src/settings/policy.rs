//! Who may do what under which conditions. Kept, and not in force.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::rules::{check_ids, check_length, check_not_empty};
use super::{Rules, one_or_many};

const ID_CHARACTERS: usize = 100;
const USER_CHARACTERS: usize = 300;
const ACTION_CHARACTERS: usize = 500;
const RESOURCE_CHARACTERS: usize = 2048;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Policy {
    statement: Vec<Statement>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Statement {
    id: String,
    #[serde(deserialize_with = "one_or_many::deserialize")]
    user: Vec<String>,
    #[serde(deserialize_with = "one_or_many::deserialize")]
    action: Vec<Action>,
    effect: Effect,
    #[serde(default, deserialize_with = "one_or_many::optional", skip_serializing_if = "Option::is_none")]
    resource: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

/// The specification and the documentation name some of them differently; either name is taken, and kept.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    string_like: Option<Patterns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    string_not_like: Option<Patterns>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ip_address: Option<Networks>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_ip_address: Option<Networks>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_null: Option<Absent>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Patterns {
    #[serde(rename = "Referer", default, deserialize_with = "one_or_many::optional")]
    #[serde(skip_serializing_if = "Option::is_none")]
    referer: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Networks {
    #[serde(default, deserialize_with = "one_or_many::optional", skip_serializing_if = "Option::is_none")]
    source_ip: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Absent {
    #[serde(rename = "Referer", default, skip_serializing_if = "Option::is_none")]
    referer: Option<bool>,
}

impl Rules for Policy {
    fn check(&self) -> Result<(), String> {
        check_ids("statement", self.statement.iter().map(|statement| statement.id.as_str()), Some(ID_CHARACTERS))?;
        for (index, statement) in self.statement.iter().enumerate() {
            statement.check().map_err(|fault| format!("statement[{index}].{fault}"))?;
        }
        Ok(())
    }
}

impl Statement {
    fn check(&self) -> Result<(), String> {
        check_not_empty("user", &self.user)?;
        check_length("user", characters(&self.user), USER_CHARACTERS)?;
        check_not_empty("action", &self.action)?;
        let actions = serde_json::to_string(&self.action).unwrap_or_default();
        check_length("action", actions.chars().count(), ACTION_CHARACTERS)?;
        check_length("resource", characters(self.resource.as_deref().unwrap_or_default()), RESOURCE_CHARACTERS)?;
        let networks = |networks: fn(&Condition) -> &Option<Networks>| {
            let networks = self.condition.as_ref().and_then(|condition| networks(condition).as_ref());
            networks.and_then(|networks| networks.source_ip.as_deref()).unwrap_or_default()
        };
        check_networks("condition.ip_address", networks(|condition| &condition.ip_address))?;
        check_networks("condition.not_ip_address", networks(|condition| &condition.not_ip_address))
    }
}

fn characters(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).sum()
}

fn check_networks(field: &str, networks: &[String]) -> Result<(), String> {
    match networks.iter().position(|network| !is_network(network)) {
        Some(index) => Err(format!("{field}.source_ip[{index}]: is not a network such as 172.16.0.0/24")),
        None => Ok(()),
    }
}

fn is_network(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, length.parse::<u8>().ok()),
        None => (text, Some(0)),
    };
    let longest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.is_some_and(|length| length <= longest)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round};
    use super::*;

    fn statement(fields: &str) -> String {
        format!(r#"{{"statement":[{{"id":"a",{fields}}}]}}"#)
    }

    #[test]
    fn comes_back_as_it_was_put() {
        let body = statement(
            r#""user":["*"],"action":["get_object","list_multipart","upload_object_part"],"effect":"allow",
            "resource":[],"condition":{"string_like":{"Referer":["*.example1.com","*.example2.com"]},
            "ip_address":{"source_ip":["172.16.0.0/24","172.16.1.1/32","::1"]},"is_null":{"Referer":false}}"#,
        );
        assert_eq!(round::<Policy>(&body), json(&body));
    }

    #[test]
    fn a_text_is_kept_as_a_list() {
        let kept = round::<Policy>(&statement(
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
    fn faults() {
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
