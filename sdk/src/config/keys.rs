//! The settings that can be loaded: their keys in the file and the environment, and their values.
//!
//! To add a setting, extend [`Setting`] and [`Setting::KEYS`], apply the value in `load.rs`, and document it in the
//! table of [`Config::load`](super::Config::load).

use std::collections::BTreeMap;

use super::endpoint::parse_port;
use crate::error::{Error, Result};

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
    DualStack,
    AdditionalUserAgent,
    ConnectionRetries,
}

impl Setting {
    /// All settings with their keys in files. The name of the environment variable is `QINGSTOR_` and the key in upper
    /// case.
    pub(super) const KEYS: [(Self, &'static str); 11] = [
        (Self::AccessKeyId, "access_key_id"),
        (Self::SecretAccessKey, "secret_access_key"),
        (Self::Endpoint, "endpoint"),
        (Self::Protocol, "protocol"),
        (Self::Host, "host"),
        (Self::Port, "port"),
        (Self::Zone, "zone"),
        (Self::VirtualHostStyle, "enable_virtual_host_style"),
        (Self::DualStack, "enable_dual_stack"),
        (Self::AdditionalUserAgent, "additional_user_agent"),
        (Self::ConnectionRetries, "connection_retries"),
    ];

    /// The settings that older configurations use instead of [`Setting::Endpoint`].
    pub(super) const ENDPOINT_PARTS: [Self; 3] = [Self::Protocol, Self::Host, Self::Port];

    #[cfg(feature = "config-file")]
    pub(super) fn by_key(key: &str) -> Option<Self> {
        match key {
            // The Java SDK and qsctl use these names.
            "virtual_host_enabled" | "enable_virtual_style" => Some(Self::VirtualHostStyle),
            _ => Self::KEYS.iter().find(|(_, name)| *name == key).map(|(setting, _)| *setting),
        }
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
        match self.text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" => Ok(false),
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
pub(super) struct Layer(BTreeMap<Setting, Value>);

impl Layer {
    pub(super) fn get(&self, setting: Setting) -> Option<&Value> {
        self.0.get(&setting)
    }

    /// Returns the first of the protocol, host and port that is set.
    pub(super) fn any_endpoint_part(&self) -> Option<&Value> {
        Setting::ENDPOINT_PARTS.iter().find_map(|setting| self.get(*setting))
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
        self.0.insert(setting, value);
        Ok(())
    }

    /// Returns an error if both an endpoint and a part of one are set.
    pub(super) fn check(&self) -> Result<()> {
        match (self.get(Setting::Endpoint), self.any_endpoint_part()) {
            (Some(endpoint), Some(part)) => Err(Error::config(format!(
                "{} and {} both set the endpoint: remove one of them",
                endpoint.origin, part.origin
            ))),
            _ => Ok(()),
        }
    }
}
