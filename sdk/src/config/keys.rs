//! The keys of the configuration file and the environment, and their values in one source.
//!
//! A new key is added to [`Setting`] and [`Setting::KEYS`] here, applied in `load.rs`, and documented in the table of
//! [`Config::load`](super::Config::load).

use std::collections::BTreeMap;

use super::endpoint::parse_port;
use crate::error::{Error, Result};

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
    /// All settings with their keys in files. Environment variables have the key in upper case after `QINGSTOR_`.
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

    /// The three settings that older configurations have instead of [`Setting::Endpoint`].
    pub(super) const ENDPOINT_PARTS: [Self; 3] = [Self::Protocol, Self::Host, Self::Port];

    #[cfg(feature = "config-file")]
    pub(super) fn by_key(key: &str) -> Option<Self> {
        match key {
            // The names in the Java SDK and in qsctl.
            "virtual_host_enabled" | "enable_virtual_style" => Some(Self::VirtualHostStyle),
            _ => Self::KEYS.iter().find(|(_, name)| *name == key).map(|(setting, _)| *setting),
        }
    }
}

/// A value that is not empty. It has no `Debug`, because it may be a secret.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) text: String,
    /// Place of the value, as errors name it.
    pub(super) origin: String,
}

impl Value {
    /// Returns the error of a value that is no secret.
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
        // Some readers of YAML take digits after a leading zero for an octal number.
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

    /// Returns the first value of the three that make up an endpoint.
    pub(super) fn any_endpoint_part(&self) -> Option<&Value> {
        Setting::ENDPOINT_PARTS.iter().find_map(|setting| self.get(*setting))
    }

    /// Sets a value. A setting with several names may occur under each of them if the values agree.
    pub(super) fn set(&mut self, setting: Setting, value: Value) -> Result<()> {
        if let Some(other) = self.get(setting)
            && other.boolean()? != value.boolean()?
        {
            return Err(Error::config(format!(
                "{} and {} contradict each other: they are two names of one setting",
                other.origin, value.origin
            )));
        }
        self.0.insert(setting, value);
        Ok(())
    }

    /// Refuses an endpoint that is given twice in this source.
    pub(super) fn check(&self) -> Result<()> {
        match (self.get(Setting::Endpoint), self.any_endpoint_part()) {
            (Some(endpoint), Some(part)) => Err(Error::config(format!(
                "{} and {} say the same thing twice: remove one of them",
                endpoint.origin, part.origin
            ))),
            _ => Ok(()),
        }
    }
}
