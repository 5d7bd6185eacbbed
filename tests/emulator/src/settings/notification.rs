//! Event notifications. The emulator stores them and sends none.

use serde::{Deserialize, Serialize};

use super::Rules;
use super::reader::{OneOrMany, check_ids, check_not_empty};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notifications {
    notifications: Vec<Notification>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Notification {
    id: String,
    event_types: Vec<EventType>,
    cloudfunc: Cloudfunc,
    cloudfunc_args: Option<CloudfuncArgs>,
    object_filters: Option<OneOrMany<String>>,
    notify_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EventType {
    CreateObject,
    DeleteObject,
    AbortMultipart,
    CompleteMultipart,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Cloudfunc {
    TupuPorn,
    Notifier,
    Image,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct CloudfuncArgs {
    action: String,
    key_prefix: Option<String>,
    /// The API has this spelling.
    key_seprate: Option<String>,
    save_bucket: Option<String>,
}

impl Rules for Notifications {
    fn check(&self) -> Result<(), String> {
        check_ids("notifications", self.notifications.iter().map(|entry| entry.id.as_str()), None)?;
        for (index, entry) in self.notifications.iter().enumerate() {
            check_not_empty(&format!("notifications[{index}].event_types"), &entry.event_types)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round_trip};
    use super::*;

    fn entry(fields: &str) -> String {
        format!(r#"{{"notifications":[{{"id":"a",{fields}}}]}}"#)
    }

    #[test]
    fn round_trips() {
        let body = entry(
            r#""event_types":["create_object","complete_multipart"],"cloudfunc":"tupu-porn","cloudfunc_args":
            {"action":"resize","key_seprate":"-"},"object_filters":["*"],"notify_url":"http://u""#,
        );
        assert_eq!(round_trip::<Notifications>(&body), json(&body));
        let one = round_trip::<Notifications>(&entry(
            r#""event_types":["delete_object"],"cloudfunc":"image","object_filters":"a*""#,
        ));
        assert_eq!(one["notifications"][0]["object_filters"], json(r#"["a*"]"#));
    }

    #[test]
    fn rejects_invalid_bodies() {
        refused::<Notifications>("{}", "missing field `notifications`");
        refused::<Notifications>(&entry(r#""event_types":["create_object"]"#), "missing field `cloudfunc`");
        refused::<Notifications>(&entry(r#""event_types":[],"cloudfunc":"image""#), "event_types: is empty");
        refused::<Notifications>(
            &entry(r#""event_types":["create"],"cloudfunc":"image""#),
            "notifications[0].event_types[0]: unknown variant `create`",
        );
        refused::<Notifications>(
            &entry(r#""event_types":["create_object"],"cloudfunc":"mail""#),
            "notifications[0].cloudfunc: unknown variant `mail`",
        );
        refused::<Notifications>(
            &entry(r#""event_types":["create_object"],"cloudfunc":"image","cloudfunc_args":{}"#),
            "notifications[0].cloudfunc_args: missing field `action`",
        );
        let one = r#"{"id":"a","event_types":["create_object"],"cloudfunc":"notifier"}"#;
        refused::<Notifications>(&format!(r#"{{"notifications":[{one},{one}]}}"#), "notifications[1].id");
    }
}
