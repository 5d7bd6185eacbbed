//! The settings of buckets: a type for each of them, and the table of all types.
//!
//! The fields of a type define the required fields and the valid values of a body. Its [`Rules`] check other documented
//! limits. Like the service, the emulator ignores unknown fields. Reading a setting returns the stored values, with two
//! changes: a single text has become a list, and switches are in lower case.

mod acl;
mod cname;
mod cors;
mod lifecycle;
mod logging;
mod mirror;
mod notification;
mod policy;
mod reader;
mod replication;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use acl::{Acl, Permission};
pub(crate) use cname::{CnameChange, CnameRecord, CnameType, Domain};
pub(crate) use cors::{Cors, CorsRule};
pub(crate) use lifecycle::Lifecycle;
pub(crate) use logging::Logging;
pub(crate) use mirror::Mirror;
pub(crate) use notification::Notifications;
pub(crate) use policy::Policy;
pub(crate) use reader::read;
pub(crate) use replication::Replication;

use crate::error::Error;

/// Checks of a body that the types of its fields do not express.
pub(crate) trait Rules {
    /// Returns an error message that names the invalid field.
    fn check(&self) -> Result<(), String>;
}

/// A setting that is set, read and deleted as a whole.
pub(crate) trait Setting: Rules + Serialize + DeserializeOwned + Clone + Send + 'static {
    /// Body of the response to reading the setting if it is not set.
    const UNSET: &'static str;

    fn get(settings: &Settings) -> Option<&Self>;

    fn set(settings: &mut Settings, setting: Option<Self>);

    /// Returns the body of the response to reading the setting.
    fn response(settings: &Settings) -> Result<Value, Error> {
        let response = match Self::get(settings) {
            Some(setting) => serde_json::to_value(setting).map(without_nulls),
            None => serde_json::from_str(Self::UNSET),
        };
        response.map_err(|error| Error::from(std::io::Error::from(error)))
    }
}

/// Removes optional fields without a value.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        scalar => scalar,
    }
}

macro_rules! settings {
    ($($field:ident: $type:ident, $unset:literal;)*) => {
        /// All settings of a bucket.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        pub(crate) struct Settings {
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<$type>,)*
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub(crate) cnames: Vec<CnameRecord>,
        }

        $(impl Setting for $type {
            const UNSET: &'static str = $unset;

            fn get(settings: &Settings) -> Option<&Self> {
                settings.$field.as_ref()
            }

            fn set(settings: &mut Settings, setting: Option<Self>) {
                settings.$field = setting;
            }
        })*
    };
}

settings! {
    acl: Acl, r#"{"acl":[]}"#;
    cors: Cors, r#"{"cors_rules":[]}"#;
    lifecycle: Lifecycle, r#"{"rule":[]}"#;
    logging: Logging, "{}";
    mirror: Mirror, "{}";
    notifications: Notifications, r#"{"notifications":[]}"#;
    policy: Policy, r#"{"statement":[]}"#;
    replication: Replication, r#"{"rules":[]}"#;
}

/// Helpers for tests of settings.
#[cfg(test)]
mod testing {
    use super::*;
    use crate::error::Code;

    /// Stores a setting and returns the body of the response to reading it.
    pub(crate) fn round_trip<S: Setting>(body: &str) -> Value {
        let mut settings = Settings::default();
        S::set(&mut settings, Some(read(body.as_bytes()).unwrap()));
        let kept = serde_json::to_vec(&settings).unwrap();
        S::response(&serde_json::from_slice(&kept).unwrap()).unwrap()
    }

    pub(crate) fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// Asserts that `body` is refused with a message that contains `part`.
    #[track_caller]
    pub(crate) fn refused<S: Setting>(body: &str, part: &str) {
        let Err(error) = read::<S>(body.as_bytes()) else { panic!("{body} was accepted") };
        assert_eq!(error.code, Code::InvalidRequest, "{body}");
        assert!(error.message.contains(part), "{body}: {}", error.message);
    }
}

#[cfg(test)]
mod tests {
    use super::testing::refused;
    use super::*;
    use crate::error::Code;

    fn unset<S: Setting>() -> String {
        S::response(&Settings::default()).unwrap().to_string()
    }

    #[test]
    fn setting_that_is_not_set_is_empty() {
        assert_eq!(unset::<Acl>(), r#"{"acl":[]}"#);
        assert_eq!(unset::<Lifecycle>(), r#"{"rule":[]}"#);
        assert_eq!(unset::<Mirror>(), "{}");
    }

    #[test]
    fn malformed_json_and_wrong_fields_have_different_codes() {
        for body in ["{", "{]", "hello", r#"{"acl":[]} {}"#] {
            assert_eq!(read::<Acl>(body.as_bytes()).map(|_| ()).unwrap_err().code, Code::InvalidJson, "{body}");
        }
        for body in ["[]", "[[]]", "1", "null", "\"x\""] {
            refused::<Acl>(body, "the body: invalid type");
        }
        refused::<Lifecycle>(
            r#"{"rule":[{"id":"a","status":"enabled","filter":[]}]}"#,
            "rule[0].filter: invalid length 0, expected struct Filter",
        );
        refused::<Cors>("", "missing field `cors_rules`");
    }
}
