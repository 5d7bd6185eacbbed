//! The settings there are, and one source's values of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

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
    pub(super) const ALL: &[Self] = &[
        Self::AccessKeyId,
        Self::SecretAccessKey,
        Self::Endpoint,
        Self::Protocol,
        Self::Host,
        Self::Port,
        Self::Zone,
        Self::VirtualHostStyle,
        Self::DualStack,
        Self::AdditionalUserAgent,
        Self::ConnectionRetries,
    ];

    /// The key in files; variables have it in upper case and prefixed.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::AccessKeyId => "access_key_id",
            Self::SecretAccessKey => "secret_access_key",
            Self::Endpoint => "endpoint",
            Self::Protocol => "protocol",
            Self::Host => "host",
            Self::Port => "port",
            Self::Zone => "zone",
            Self::VirtualHostStyle => "enable_virtual_host_style",
            Self::DualStack => "enable_dual_stack",
            Self::AdditionalUserAgent => "additional_user_agent",
            Self::ConnectionRetries => "connection_retries",
        }
    }

    pub(super) fn by_key(key: &str) -> Option<Self> {
        match key {
            // What the Java SDK and qsctl call it.
            "virtual_host_enabled" | "enable_virtual_style" => Some(Self::VirtualHostStyle),
            _ => Self::ALL.iter().copied().find(|setting| setting.key() == key),
        }
    }
}

/// Where a value was found.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Variable(String),
    File {
        /// As it is spelt there.
        key: String,
        path: Arc<Path>,
        line: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::File { key, path, line } => {
                write!(f, "{key} in line {line} of {}", path.display())
            }
        }
    }
}

/// Not empty. No `Debug`: it may be a secret.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) origin: Origin,
}

impl Value {
    /// An error about a value that is no secret.
    fn wrong(&self, required: &str) -> Error {
        Error::config(format!("{} is {:?}, but must be {required}", self.origin, self.text))
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        match self.text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" => Ok(false),
            _ => Err(self.wrong("true or false")),
        }
    }

    pub(super) fn port(&self) -> Result<u16> {
        parse_port(&self.text).ok_or_else(|| self.wrong("a port from 1 to 65535"))
    }

    pub(super) fn count(&self) -> Result<u32> {
        // Digits only, and no zeros before them: to some readers of YAML those are octal numbers.
        let plain =
            self.text == "0" || !self.text.starts_with('0') && self.text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| self.text.parse().ok()).flatten().ok_or_else(|| self.wrong("a number, 0 or more"))
    }
}

/// What one source says.
#[derive(Clone, Default)]
pub(super) struct Layer(BTreeMap<Setting, Value>);

impl Layer {
    pub(super) fn get(&self, setting: Setting) -> Option<&Value> {
        self.0.get(&setting)
    }

    /// The first there is of these settings.
    pub(super) fn any(&self, settings: &[Setting]) -> Option<&Value> {
        settings.iter().find_map(|setting| self.get(*setting))
    }

    /// A setting that has several names may be there by each of them, as long as they agree.
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

    /// Refuses what contradicts itself within one source.
    pub(super) fn check(&self) -> Result<()> {
        let parts = self.any(&[Setting::Protocol, Setting::Host, Setting::Port]);
        match (self.get(Setting::Endpoint), parts) {
            (Some(endpoint), Some(part)) => Err(Error::config(format!(
                "{} and {} say the same thing twice: leave one of them out",
                endpoint.origin, part.origin
            ))),
            _ => Ok(()),
        }
    }
}
