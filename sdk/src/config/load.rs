//! Loads the configuration from the environment and a file.

use std::ffi::OsString;
use std::path::Path;

use super::endpoint::{self, AddressingStyle, Endpoint};
#[cfg(feature = "config-file")]
use super::file;
use super::keys::{Layer, Setting, Value};
use super::{Config, DEFAULT_ENDPOINT, RetryConfig, check_user_agent};
use crate::error::{Error, Result};

/// A function that returns the value of an environment variable. Tests replace it, because all threads share the
/// environment of the process.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Environment variable with the path of the configuration file.
const CONFIG_PATH: &str = "QINGSTOR_CONFIG_PATH";

/// Loads the environment and a file: the one that the environment names, or else the default file in `home`.
pub(super) fn from_environment_and_file(environment: Environment<'_>, home: Option<&Path>) -> Result<Config> {
    let variables = variables(environment)?;
    let path = environment(CONFIG_PATH).filter(|path| !path.is_empty());
    #[cfg(feature = "config-file")]
    let file = match path {
        Some(path) => file::read(Path::new(&path))
            .map_err(|error| Error::config(format!("{error} (the path is from {CONFIG_PATH})")))?,
        None => file::read_default(home)?,
    };
    #[cfg(not(feature = "config-file"))]
    let file = {
        let _unused = home;
        if path.is_some() {
            tracing::warn!("ignoring {CONFIG_PATH}, because qingstor-sdk was built without its feature config-file");
        }
        Layer::default()
    };
    merge(&variables, &file)
}

pub(super) fn from_environment(environment: Environment<'_>) -> Result<Config> {
    merge(&variables(environment)?, &Layer::default())
}

#[cfg(feature = "config-file")]
pub(super) fn from_file(path: &Path) -> Result<Config> {
    merge(&Layer::default(), &file::read(path)?)
}

fn variables(environment: Environment<'_>) -> Result<Layer> {
    let mut layer = Layer::default();
    for (setting, key) in Setting::KEYS {
        let name = format!("QINGSTOR_{}", key.to_ascii_uppercase());
        let Some(value) = environment(&name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let text =
            value.into_string().map_err(|_| Error::config(format!("the environment variable {name} is not UTF-8")))?;
        layer.set(setting, Value { text, origin: format!("the environment variable {name}") })?;
    }
    Ok(layer)
}

fn merge(variables: &Layer, file: &Layer) -> Result<Config> {
    variables.check()?;
    file.check()?;
    let get = |setting| variables.get(setting).or_else(|| file.get(setting));

    let (id, secret) = key_pair(variables, file)?;
    let mut config = Config::new(id, secret);
    let endpoint = endpoint(variables, file)?;
    if let Some((endpoint, _)) = &endpoint {
        config = config.endpoint(endpoint.to_string());
    }
    if let Some(zone) = get(Setting::Zone) {
        endpoint::check_zone(&zone.text).map_err(|error| with_origin(&zone.origin, &error))?;
        config = config.zone(&zone.text);
    }
    if let Some(style) = get(Setting::VirtualHostStyle)
        && style.boolean()?
    {
        config = config.addressing_style(AddressingStyle::VirtualHost);
        if let Some((endpoint, origin)) = &endpoint {
            endpoint
                .check_style(AddressingStyle::VirtualHost)
                .map_err(|error| Error::config(format!("{origin} contradicts {}: {error}", style.origin)))?;
        }
    }
    if let Some(user_agent) = get(Setting::AdditionalUserAgent) {
        check_user_agent(&user_agent.text).map_err(|error| with_origin(&user_agent.origin, &error))?;
        config = config.additional_user_agent(&user_agent.text);
    }
    if let Some(retries) = get(Setting::ConnectionRetries) {
        let attempts = retries.count()?.saturating_add(1);
        config = config.retry(RetryConfig::default().max_attempts(attempts));
    }
    if let Some(dual_stack) = get(Setting::DualStack)
        && dual_stack.boolean()?
    {
        tracing::warn!(setting = %dual_stack.origin, "ignoring an unsupported setting");
    }
    Ok(config)
}

/// Returns the access key id and the secret access key, or two empty strings if both are unset.
///
/// One of them may be set in the environment and the other in the file. If the file has both, however, the environment
/// must replace both or none of them.
fn key_pair(variables: &Layer, file: &Layer) -> Result<(String, String)> {
    const ID: Setting = Setting::AccessKeyId;
    const SECRET: Setting = Setting::SecretAccessKey;
    let from_both = |setting| variables.get(setting).or_else(|| file.get(setting));
    for (half, other) in [(ID, SECRET), (SECRET, ID)] {
        if let (Some(half), None, Some(replaced)) = (variables.get(half), variables.get(other), file.get(half)) {
            return Err(Error::config(format!(
                "{} replaces {}, but not the other key of the pair: set both variables",
                half.origin, replaced.origin
            )));
        }
    }
    match (from_both(ID), from_both(SECRET)) {
        (Some(id), Some(secret)) => Ok((id.text.clone(), secret.text.clone())),
        (None, None) => Ok((String::new(), String::new())),
        (Some(id), None) => Err(Error::config(format!("{} is set, but secret_access_key is not", id.origin))),
        (None, Some(secret)) => Err(Error::config(format!("{} is set, but access_key_id is not", secret.origin))),
    }
}

/// Returns the endpoint and the place that it was loaded from, or `None` if neither it nor a part of it is set.
fn endpoint(variables: &Layer, file: &Layer) -> Result<Option<(Endpoint, String)>> {
    let whole = match (variables.get(Setting::Endpoint), variables.any_endpoint_part(), file.get(Setting::Endpoint)) {
        (Some(whole), _, _) => Some(whole),
        (None, None, whole) => whole,
        // A host in the environment replaces the endpoint in the file, but a port or a protocol alone cannot.
        (None, Some(part), Some(whole)) if variables.get(Setting::Host).is_none() => {
            return Err(Error::config(format!(
                "{} cannot be combined with {}: set QINGSTOR_ENDPOINT instead",
                part.origin, whole.origin
            )));
        }
        (None, Some(_), _) => None,
    };
    if let Some(whole) = whole {
        let endpoint = whole.text.parse().map_err(|error| with_origin(&whole.origin, &error))?;
        return Ok(Some((endpoint, whole.origin.clone())));
    }

    let [protocol, host, port] =
        Setting::ENDPOINT_PARTS.map(|setting| variables.get(setting).or_else(|| file.get(setting)));
    let Some(origin) = host.or(protocol).or(port).map(|value| value.origin.clone()) else {
        return Ok(None);
    };
    let (default_protocol, default_host) = DEFAULT_ENDPOINT.split_once("://").unwrap_or(("https", DEFAULT_ENDPOINT));
    let protocol_text = protocol.map_or(default_protocol, |value| &value.text);
    // The protocol is checked with the default host first, so that an error names the right setting.
    if let Some(protocol) = protocol {
        Endpoint::from_parts(protocol_text, default_host, None)
            .map_err(|error| with_origin(&protocol.origin, &error))?;
    }
    let host_text = host.map_or(default_host, |value| &value.text);
    let port = port.map(Value::port).transpose()?;
    let endpoint =
        Endpoint::from_parts(protocol_text, host_text, port).map_err(|error| with_origin(&origin, &error))?;
    Ok(Some((endpoint, origin)))
}

/// Adds the place of the invalid value to an error.
fn with_origin(origin: &str, error: &Error) -> Error {
    Error::config(format!("{origin}: {error}"))
}

#[cfg(feature = "config-file")]
#[cfg(test)]
mod tests;
