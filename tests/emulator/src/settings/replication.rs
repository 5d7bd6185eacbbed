//! Where copies of objects would go. Kept, and nothing is copied.

use serde::{Deserialize, Serialize};

use super::Rules;
use super::rules::{check_count, check_ids, check_length, check_not_empty};
use super::switch::Switch;

const RULES: usize = 1000;
const ID_CHARACTERS: usize = 255;
const PREFIX_CHARACTERS: usize = 1024;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Replication {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rule {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Switch>,
    filters: Filters,
    destination: Destination,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sync_marker: Option<Switch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delete_marker: Option<Switch>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Filters {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Destination {
    bucket: String,
    /// In capitals in the documentation's table and in small letters in its example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    storage_class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

impl Rule {
    fn prefix(&self) -> &str {
        self.filters.prefix.as_deref().unwrap_or_default()
    }
}

impl Rules for Replication {
    fn check(&self) -> Result<(), String> {
        check_not_empty("rules", &self.rules)?;
        check_count("rules", &self.rules, RULES)?;
        check_ids("rules", self.rules.iter().map(|rule| rule.id.as_str()), Some(ID_CHARACTERS))?;
        for (index, rule) in self.rules.iter().enumerate() {
            check_length(&format!("rules[{index}].filters.prefix"), rule.prefix().chars().count(), PREFIX_CHARACTERS)?;
            let destination = &rule.destination;
            if destination.bucket.is_empty() {
                return Err(format!("rules[{index}].destination.bucket: is empty"));
            }
            let class = destination.storage_class.as_deref().unwrap_or("STANDARD").to_ascii_uppercase();
            if !matches!(class.as_str(), "STANDARD" | "STANDARD_IA") {
                return Err(format!("rules[{index}].destination.storage_class: must be STANDARD or STANDARD_IA"));
            }
            for earlier in &self.rules[..index] {
                if earlier.destination.bucket != destination.bucket {
                    return Err(format!("rules[{index}].destination.bucket: must be the same in all rules"));
                }
                let (one, other) = (earlier.prefix(), rule.prefix());
                if one.starts_with(other) || other.starts_with(one) {
                    return Err(format!("rules[{index}].filters.prefix: overlaps with that of \"{}\"", earlier.id));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round};
    use super::*;

    fn rule(id: &str, prefix: &str, bucket: &str) -> String {
        format!(r#"{{"id":"{id}","filters":{{"prefix":"{prefix}"}},"destination":{{"bucket":"{bucket}"}}}}"#)
    }

    fn rules(rules: &[String]) -> String {
        format!(r#"{{"rules":[{}]}}"#, rules.join(","))
    }

    #[test]
    fn comes_back_as_it_was_put() {
        let body = r#"{"rules":[{"id":"r","status":"enabled","filters":{},"sync_marker":"disabled",
            "delete_marker":"enabled","destination":{"bucket":"b2","storage_class":"standard_ia","zone":"gd2"}}]}"#;
        assert_eq!(round::<Replication>(body), json(body));
    }

    #[test]
    fn faults() {
        refused::<Replication>("{}", "missing field `rules`");
        refused::<Replication>(r#"{"rules":[]}"#, "rules: is empty");
        refused::<Replication>(r#"{"rules":[{"id":"r","destination":{"bucket":"b"}}]}"#, "missing field `filters`");
        refused::<Replication>(
            r#"{"rules":[{"id":"r","filters":{},"destination":{}}]}"#,
            "rules[0].destination: missing field `bucket`",
        );
        refused::<Replication>(
            r#"{"rules":[{"id":"r","filters":{},"destination":{"bucket":"b","storage_class":"COLD"}}]}"#,
            "rules[0].destination.storage_class",
        );
        refused::<Replication>(&rules(&[rule("a", "x", "b"), rule("a", "y", "b")]), "rules[1].id");
        refused::<Replication>(&rules(&[rule("a", "x", "b"), rule("c", "y", "d")]), "rules[1].destination.bucket");
        refused::<Replication>(&rules(&[rule("a", "x1", "b"), rule("c", "x", "b")]), "rules[1].filters.prefix");
    }
}
