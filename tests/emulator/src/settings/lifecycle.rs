//! What happens to objects and uploads as they grow old. Kept, and not carried out.

use serde::{Deserialize, Serialize};

use super::Rules;
use super::rules::{check_count, check_ids};
use super::switch::Switch;

const RULES: usize = 100;
const ID_CHARACTERS: usize = 255;
/// Documented for changing the storage class of objects.
const TRANSITION_DAYS: i64 = 30;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lifecycle {
    rule: Vec<Rule>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rule {
    id: String,
    status: Switch,
    filter: Filter,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiration: Option<Expiration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    abort_incomplete_multipart_upload: Option<AbortIncomplete>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transition: Option<Transition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noncurrent_version_expiration: Option<NoncurrentExpiration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noncurrent_version_transition: Option<NoncurrentTransition>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Filter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Expiration {
    days: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct AbortIncomplete {
    days_after_initiation: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Transition {
    days: i64,
    storage_class: StorageClass,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct NoncurrentExpiration {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct NoncurrentTransition {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<i64>,
    storage_class: StorageClass,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StorageClass {
    Standard,
    StandardIa,
}

impl Rule {
    /// The actions it has, each with the field of its days, their number and the least one.
    fn actions(&self) -> Vec<(&'static str, &'static str, Option<i64>, i64)> {
        let mut actions = Vec::new();
        if let Some(action) = &self.expiration {
            actions.push(("expiration", "days", Some(action.days), 1));
        }
        if let Some(action) = &self.abort_incomplete_multipart_upload {
            let days = Some(action.days_after_initiation);
            actions.push(("abort_incomplete_multipart_upload", "days_after_initiation", days, 1));
        }
        if let Some(action) = &self.transition {
            actions.push(("transition", "days", Some(action.days), TRANSITION_DAYS));
        }
        if let Some(action) = &self.noncurrent_version_expiration {
            actions.push(("noncurrent_version_expiration", "days", action.days, 1));
        }
        if let Some(action) = &self.noncurrent_version_transition {
            actions.push(("noncurrent_version_transition", "days", action.days, 1));
        }
        actions
    }
}

impl Rules for Lifecycle {
    fn check(&self) -> Result<(), String> {
        check_count("rule", &self.rule, RULES)?;
        check_ids("rule", self.rule.iter().map(|rule| rule.id.as_str()), Some(ID_CHARACTERS))?;
        for (index, rule) in self.rule.iter().enumerate() {
            let actions = rule.actions();
            if let [(one, ..), (other, ..), ..] = actions.as_slice() {
                return Err(format!("rule[{index}]: has both {one} and {other}; a rule can have one action"));
            }
            for (action, field, days, least) in actions {
                if days.is_some_and(|days| days < least) {
                    return Err(format!("rule[{index}].{action}.{field}: must be {least} or more"));
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

    fn rule(action: &str) -> String {
        format!(r#"{{"rule":[{{"id":"a","status":"enabled","filter":{{"prefix":"x/"}}{action}}}]}}"#)
    }

    #[test]
    fn comes_back_as_it_was_put() {
        for action in [
            "",
            r#","expiration":{"days":1}"#,
            r#","abort_incomplete_multipart_upload":{"days_after_initiation":3}"#,
            r#","transition":{"days":30,"storage_class":"STANDARD_IA"}"#,
            r#","noncurrent_version_expiration":{"days":1}"#,
            r#","noncurrent_version_transition":{"storage_class":"STANDARD"}"#,
        ] {
            let body = rule(action);
            assert_eq!(round::<Lifecycle>(&body), json(&body));
        }
        let body = r#"{"rule":[{"id":"a","status":"DISABLED","filter":{}}]}"#;
        assert_eq!(round::<Lifecycle>(body)["rule"][0]["status"], "disabled");
    }

    #[test]
    fn faults() {
        refused::<Lifecycle>("{}", "missing field `rule`");
        refused::<Lifecycle>(r#"{"rule":[{"id":"a","status":"enabled"}]}"#, "rule[0]: missing field `filter`");
        refused::<Lifecycle>(r#"{"rule":[{"id":"a","status":"on","filter":{}}]}"#, "rule[0].status: unknown variant");
        refused::<Lifecycle>(&rule(r#","expiration":{}"#), "rule[0].expiration: missing field `days`");
        refused::<Lifecycle>(&rule(r#","expiration":{"days":0}"#), "rule[0].expiration.days: must be 1 or more");
        refused::<Lifecycle>(&rule(r#","expiration":{"days":"7"}"#), "rule[0].expiration.days: invalid type");
        refused::<Lifecycle>(
            &rule(r#","abort_incomplete_multipart_upload":{"days_after_initiation":-1}"#),
            "rule[0].abort_incomplete_multipart_upload.days_after_initiation",
        );
        refused::<Lifecycle>(
            &rule(r#","transition":{"days":29,"storage_class":"STANDARD_IA"}"#),
            "rule[0].transition.days: must be 30 or more",
        );
        refused::<Lifecycle>(
            &rule(r#","transition":{"days":30,"storage_class":"GLACIER"}"#),
            "rule[0].transition.storage_class: unknown variant `GLACIER`",
        );
        refused::<Lifecycle>(
            &rule(r#","expiration":{"days":1},"noncurrent_version_expiration":{"days":1}"#),
            "rule[0]: has both expiration and noncurrent_version_expiration",
        );
        let one = r#"{"id":"a","status":"enabled","filter":{}}"#;
        refused::<Lifecycle>(&format!(r#"{{"rule":[{one},{one}]}}"#), "rule[1].id");
        let many: Vec<String> = (0..101).map(|id| one.replace("\"a\"", &format!("\"{id}\""))).collect();
        refused::<Lifecycle>(&format!(r#"{{"rule":[{}]}}"#, many.join(",")), "rule: has 101 entries, more than 100");
    }
}
