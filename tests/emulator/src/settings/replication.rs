//! Replication rules. The emulator stores them and does not copy objects.

use serde::{Deserialize, Serialize};

use super::Rules;
use super::reader::{Switch, check_count, check_ids, check_length, check_not_empty};

const MAX_RULES: usize = 1000;
const MAX_ID_LENGTH: usize = 255;
const MAX_PREFIX_LENGTH: usize = 1024;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Replication {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rule {
    id: String,
    status: Option<Switch>,
    filters: Filters,
    destination: Destination,
    sync_marker: Option<Switch>,
    delete_marker: Option<Switch>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Filters {
    prefix: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Destination {
    bucket: String,
    /// In upper or lower case. The documentation has both.
    storage_class: Option<String>,
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
        check_count("rules", &self.rules, MAX_RULES)?;
        check_ids("rules", self.rules.iter().map(|rule| rule.id.as_str()), Some(MAX_ID_LENGTH))?;
        for (index, rule) in self.rules.iter().enumerate() {
            check_length(&format!("rules[{index}].filters.prefix"), rule.prefix().chars().count(), MAX_PREFIX_LENGTH)?;
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
                    return Err(format!(
                        "rules[{index}].filters.prefix: overlaps with the prefix of the rule \"{}\"",
                        earlier.id
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round_trip};
    use super::*;

    fn rule(id: &str, prefix: &str, bucket: &str) -> String {
        format!(r#"{{"id":"{id}","filters":{{"prefix":"{prefix}"}},"destination":{{"bucket":"{bucket}"}}}}"#)
    }

    fn rules(rules: &[String]) -> String {
        format!(r#"{{"rules":[{}]}}"#, rules.join(","))
    }

    #[test]
    fn round_trips() {
        let body = r#"{"rules":[{"id":"r","status":"enabled","filters":{},"sync_marker":"disabled",
            "delete_marker":"enabled","destination":{"bucket":"b2","storage_class":"standard_ia","zone":"gd2"}}]}"#;
        assert_eq!(round_trip::<Replication>(body), json(body));
    }

    #[test]
    fn rejects_invalid_bodies() {
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
