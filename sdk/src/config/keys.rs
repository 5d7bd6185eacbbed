//! The settings that can be loaded: their keys in the file and the environment, and their values.
//!
//! To add a setting, extend [`Setting`] and [`Setting::KEYS`], apply the value in `load.rs`, and document it in the
//! table of [`Config::load`](super::Config::load).

use std::collections::BTreeMap;

use super::endpoint::parse_port;
use crate::error::{Error, Result};

/// Prefix of the names of environment variables.
pub(super) const PREFIX: &str = "QINGSTOR_";

/// A setting that can be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Setting {
    AccessKeyId,
    SecretAccessKey,
    Endpoint,
    Protocol,
    Host,
    Port,
    Zone,
    VirtualHostStyle,
    CnameSupport,
    DualStack,
    AdditionalUserAgent,
    ConnectionRetries,
    CaFile,
}

impl Setting {
    /// All settings with their keys in files. The name of the environment variable is [`PREFIX`] and the key in upper
    /// case.
    pub(super) const KEYS: [(Self, &'static str); 13] = [
        (Self::AccessKeyId, "access_key_id"),
        (Self::SecretAccessKey, "secret_access_key"),
        (Self::Endpoint, "endpoint"),
        (Self::Protocol, "protocol"),
        (Self::Host, "host"),
        (Self::Port, "port"),
        (Self::Zone, "zone"),
        (Self::VirtualHostStyle, "enable_virtual_host_style"),
        (Self::CnameSupport, "cname_support"),
        (Self::DualStack, "enable_dual_stack"),
        (Self::AdditionalUserAgent, "additional_user_agent"),
        (Self::ConnectionRetries, "connection_retries"),
        (Self::CaFile, "ca_file"),
    ];

    /// The parts of an endpoint, which older configurations set instead of [`Setting::Endpoint`].
    pub(super) const ENDPOINT_PARTS: [Self; 3] = [Self::Protocol, Self::Host, Self::Port];

    pub(super) fn by_key(key: &str) -> Option<Self> {
        match key {
            // The Java SDK and qsctl use these names.
            "virtual_host_enabled" | "enable_virtual_style" => Some(Self::VirtualHostStyle),
            _ => Self::KEYS.iter().find(|(_, name)| *name == key).map(|(setting, _)| *setting),
        }
    }

    /// Returns the key that was probably meant by an unknown key, if there is one. It is the key of a setting or in `more`.
    ///
    /// A file that the user names is refused if it has such a key, so the two must be very similar.
    pub(super) fn similar_key(unknown: &str, more: &[&'static str]) -> Option<&'static str> {
        let unknown = unknown.to_ascii_lowercase();
        let distance = |known: &str| strsim::osa_distance(&unknown, known);
        let is_similar = |known: &&str| {
            // `access_key` lacks a word of `access_key_id`.
            let lacks_words =
                unknown.contains('_') && unknown.split('_').all(|word| known.split('_').any(|other| other == word));
            lacks_words || distance(known) * 4 <= known.len()
        };
        let known = Self::KEYS.iter().map(|(_, known)| *known).chain(more.iter().copied());
        known.filter(is_similar).min_by_key(|known| distance(known))
    }
}

/// A value that is not empty. It does not implement `Debug`, because it may be a secret.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) text: String,
    /// Place of the value for errors, such as "zone in /etc/qingstor.yaml".
    pub(super) origin: String,
}

impl Value {
    /// Returns the error of an invalid value. It contains the value, which must not be a secret.
    fn invalid(&self, required: &str) -> Error {
        Error::config(format!("{} is {:?}, but must be {required}", self.origin, self.text))
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        // YAML 1.1, which QingStor's other tools read, and the Go SDK have all these forms.
        match self.text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
            _ => Err(self.invalid("true or false")),
        }
    }

    pub(super) fn port(&self) -> Result<u16> {
        parse_port(&self.text).ok_or_else(|| self.invalid("a port from 1 to 65535"))
    }

    pub(super) fn count(&self) -> Result<u32> {
        // Some YAML parsers read a number with a leading zero as octal, so its meaning is not clear.
        let is_plain =
            self.text == "0" || !self.text.starts_with('0') && self.text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| self.text.parse().ok()).flatten().ok_or_else(|| self.invalid("a number, 0 or more"))
    }
}

/// The values of one source: the environment or a file.
#[derive(Clone, Default)]
pub(super) struct Layer {
    values: BTreeMap<Setting, Value>,
    /// Settings and files that were ignored although they may have been meant to be used.
    pub(super) ignored: Vec<String>,
}

impl Layer {
    pub(super) fn get(&self, setting: Setting) -> Option<&Value> {
        self.values.get(&setting)
    }

    /// Logs that a setting or a file is ignored. The error of a refused request without a signature repeats it.
    pub(super) fn ignore(&mut self, problem: String) {
        tracing::warn!(problem, "ignoring a part of the configuration");
        self.ignored.push(problem);
    }

    /// Sets a value. A setting with several names may be set under more than one of them if the values are equal.
    ///
    /// All settings with several names are booleans, so the values are compared as booleans.
    pub(super) fn set(&mut self, setting: Setting, value: Value) -> Result<()> {
        if let Some(other) = self.get(setting)
            && other.boolean()? != value.boolean()?
        {
            return Err(Error::config(format!(
                "{} and {} contradict each other: both are names of the same setting",
                other.origin, value.origin
            )));
        }
        self.replace(setting, value);
        Ok(())
    }

    /// Sets a value, and replaces an earlier one.
    pub(super) fn replace(&mut self, setting: Setting, value: Value) {
        self.values.insert(setting, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_have_the_forms_of_other_tools() {
        let boolean = |text: &str| Value { text: text.to_owned(), origin: String::new() }.boolean().ok();
        for (texts, expected) in [
            (["true", "True", "T", "yes", "y", "On", "1"], Some(true)),
            (["false", "FALSE", "f", "No", "N", "off", "0"], Some(false)),
            (["maybe", "2", "ye", "truee", "", "-1", "null"], None),
        ] {
            assert_eq!(texts.map(boolean), [expected; 7]);
        }
    }

    #[test]
    fn similar_key_is_found_for_typing_errors_and_missing_words() {
        for (unknown, similar) in [
            ("endpiont", "endpoint"),
            ("Endpoint", "endpoint"),
            ("zones", "zone"),
            ("access_key", "access_key_id"),
            ("accessKeyId", "access_key_id"),
            ("access-key-id", "access_key_id"),
            ("secret_key", "secret_access_key"),
            ("access_key_secret", "secret_access_key"),
            ("virtual_host_style", "enable_virtual_host_style"),
            ("user_agent", "additional_user_agent"),
        ] {
            assert_eq!(Setting::similar_key(unknown, &[]), Some(similar), "{unknown}");
        }
        for other in ["", "key", "color", "region", "connection_timeout", "request_url_style", "signature_server"] {
            assert_eq!(Setting::similar_key(other, &[]), None, "{other}");
        }
    }
}
