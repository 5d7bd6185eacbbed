//! Lifecycle rules. The emulator stores them and does not apply them.

use serde::{Deserialize, Serialize};

use super::Rules;
use super::reader::{Switch, check_count, check_ids};

const MAX_RULES: usize = 100;
const MAX_ID_LENGTH: usize = 255;
/// Minimum age, in days, for a change of the storage class.
const MIN_TRANSITION_DAYS: i64 = 30;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lifecycle {
    rule: Vec<Rule>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rule {
    id: String,
    status: Switch,
    filter: Filter,
    expiration: Option<Expiration>,
    abort_incomplete_multipart_upload: Option<AbortIncomplete>,
    transition: Option<Transition>,
    noncurrent_version_expiration: Option<NoncurrentExpiration>,
    noncurrent_version_transition: Option<NoncurrentTransition>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Filter {
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
    days: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct NoncurrentTransition {
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
    /// Returns, for each action of the rule: its name, the name and the value of its field with a number of days, and
    /// the minimum of that number.
    fn actions(&self) -> Vec<(&'static str, &'static str, Option<i64>, i64)> {
        let expiration = self.expiration.as_ref().map(|action| Some(action.days));
        let abort = self.abort_incomplete_multipart_upload.as_ref();
        let abort = abort.map(|action| Some(action.days_after_initiation));
        let transition = self.transition.as_ref().map(|action| Some(action.days));
        let noncurrent_expiration = self.noncurrent_version_expiration.as_ref().map(|action| action.days);
        let noncurrent_transition = self.noncurrent_version_transition.as_ref().map(|action| action.days);
        let actions = [
            ("expiration", "days", expiration, 1),
            ("abort_incomplete_multipart_upload", "days_after_initiation", abort, 1),
            ("transition", "days", transition, MIN_TRANSITION_DAYS),
            ("noncurrent_version_expiration", "days", noncurrent_expiration, 1),
            ("noncurrent_version_transition", "days", noncurrent_transition, 1),
        ];
        actions.into_iter().filter_map(|(name, field, days, min)| Some((name, field, days?, min))).collect()
    }
}

impl Rules for Lifecycle {
    fn check(&self) -> Result<(), String> {
        check_count("rule", &self.rule, MAX_RULES)?;
        check_ids("rule", self.rule.iter().map(|rule| rule.id.as_str()), Some(MAX_ID_LENGTH))?;
        for (index, rule) in self.rule.iter().enumerate() {
            let actions = rule.actions();
            if let [(one, ..), (other, ..), ..] = actions.as_slice() {
                return Err(format!("rule[{index}]: has the actions {one} and {other}, but a rule can have only one"));
            }
            for (action, field, days, min) in actions {
                if days.is_some_and(|days| days < min) {
                    return Err(format!("rule[{index}].{action}.{field}: must be {min} or more"));
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

    fn rule(action: &str) -> String {
        format!(r#"{{"rule":[{{"id":"a","status":"enabled","filter":{{"prefix":"x/"}}{action}}}]}}"#)
    }

    #[test]
    fn round_trips() {
        for action in [
            "",
            r#","expiration":{"days":1}"#,
            r#","abort_incomplete_multipart_upload":{"days_after_initiation":3}"#,
            r#","transition":{"days":30,"storage_class":"STANDARD_IA"}"#,
            r#","noncurrent_version_expiration":{"days":1}"#,
            r#","noncurrent_version_transition":{"storage_class":"STANDARD"}"#,
        ] {
            let body = rule(action);
            assert_eq!(round_trip::<Lifecycle>(&body), json(&body));
        }
        let body = r#"{"rule":[{"id":"a","status":"DISABLED","filter":{}}]}"#;
        assert_eq!(round_trip::<Lifecycle>(body)["rule"][0]["status"], "disabled");
    }

    #[test]
    fn rejects_invalid_bodies() {
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
            "rule[0]: has the actions expiration and noncurrent_version_expiration",
        );
        let one = r#"{"id":"a","status":"enabled","filter":{}}"#;
        refused::<Lifecycle>(&format!(r#"{{"rule":[{one},{one}]}}"#), "rule[1].id");
        let many: Vec<String> = (0..101).map(|id| one.replace("\"a\"", &format!("\"{id}\""))).collect();
        refused::<Lifecycle>(&format!(r#"{{"rule":[{}]}}"#, many.join(",")), "rule: has 101 entries, more than 100");
    }
}
