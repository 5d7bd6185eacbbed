//! What can be set on a bucket, one type for each sub-resource, and the table of all of them.
//!
//! A type says by its fields what is required and which values there are; its [`Rules`] say what is documented beyond
//! that. Fields that are not known are ignored, as the service does. What was accepted is kept, and given back as it
//! is kept: a list where a single text stood for one, and switches in small letters.

mod acl;
mod cname;
mod cors;
mod lifecycle;
mod logging;
mod mirror;
mod notification;
mod one_or_many;
mod policy;
mod replication;
mod rules;
mod strict;
mod switch;

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
pub(crate) use replication::Replication;

use self::strict::Strict;
use crate::error::{Code, Error};

/// What is documented about a body beyond the types of its fields.
pub(crate) trait Rules {
    /// A sentence that names the field which breaks them.
    fn check(&self) -> Result<(), String>;
}

/// A setting that is put, read and deleted as a whole.
pub(crate) trait Setting: Rules + Serialize + DeserializeOwned + Clone + Send + 'static {
    /// What reading answers where nothing was put.
    const UNSET: &'static str;

    fn kept(settings: &Settings) -> Option<&Self>;

    fn keep(settings: &mut Settings, setting: Option<Self>);

    /// The answer to reading it.
    fn answer(settings: &Settings) -> Result<Value, Error> {
        let answer = match Self::kept(settings) {
            Some(setting) => serde_json::to_value(setting),
            None => serde_json::from_str(Self::UNSET),
        };
        answer.map_err(|error| Error::from(std::io::Error::from(error)))
    }
}

macro_rules! settings {
    ($($field:ident: $type:ident, $unset:literal;)*) => {
        /// All settings of one bucket.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        pub(crate) struct Settings {
            $(#[serde(default, skip_serializing_if = "Option::is_none")] $field: Option<$type>,)*
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub(crate) cnames: Vec<CnameRecord>,
        }

        $(impl Setting for $type {
            const UNSET: &'static str = $unset;

            fn kept(settings: &Settings) -> Option<&Self> {
                settings.$field.as_ref()
            }

            fn keep(settings: &mut Settings, setting: Option<Self>) {
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

/// Reads the body of a request. One without a body names no field.
pub(crate) fn read<T: Rules + DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let body = if body.is_empty() { b"{}" } else { body };
    let json: Value = serde_json::from_slice(body).map_err(|error| {
        let message = format!("the body cannot be read as JSON: {error}");
        Error::new(Code::InvalidJson, message)
    })?;
    let setting: T = serde_path_to_error::deserialize(Strict(&json)).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { "the body" } else { path.as_str() };
        Error::new(Code::InvalidRequest, format!("{place}: {}", error.inner()))
    })?;
    setting.check().map_err(|message| Error::new(Code::InvalidRequest, message))?;
    Ok(setting)
}

/// What tests of the settings share.
#[cfg(test)]
mod testing {
    use super::*;

    /// What reading answers after `body` was put.
    pub(crate) fn round<S: Setting>(body: &str) -> Value {
        let mut settings = Settings::default();
        S::keep(&mut settings, Some(read(body.as_bytes()).unwrap()));
        let kept = serde_json::to_vec(&settings).unwrap();
        S::answer(&serde_json::from_slice(&kept).unwrap()).unwrap()
    }

    pub(crate) fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// Asserts that `body` is refused with a message that has `part` in it.
    #[track_caller]
    pub(crate) fn refused<S: Setting>(body: &str, part: &str) {
        let Err(error) = read::<S>(body.as_bytes()) else { panic!("{body} was accepted") };
        assert_eq!(error.code(), Code::InvalidRequest, "{body}");
        assert!(error.message().contains(part), "{body}: {}", error.message());
    }
}

#[cfg(test)]
mod tests {
    use super::testing::refused;
    use super::*;

    fn unset<S: Setting>() -> String {
        S::answer(&Settings::default()).unwrap().to_string()
    }

    #[test]
    fn what_was_never_set_is_empty() {
        assert_eq!(unset::<Acl>(), r#"{"acl":[]}"#);
        assert_eq!(unset::<Lifecycle>(), r#"{"rule":[]}"#);
        assert_eq!(unset::<Mirror>(), "{}");
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_not_as_expected() {
        for body in ["{", "{]", "hello", r#"{"acl":[]} {}"#] {
            assert_eq!(read::<Acl>(body.as_bytes()).map(|_| ()).unwrap_err().code(), Code::InvalidJson, "{body}");
        }
        for body in ["[]", "[[]]", "1", "null", "\"x\""] {
            refused::<Acl>(body, "the body: invalid type");
        }
        refused::<Lifecycle>(r#"{"rule":[{"id":"a","status":"enabled","filter":[]}]}"#, "rule[0].filter: invalid type");
        refused::<Cors>("", "missing field `cors_rules`");
    }
}
