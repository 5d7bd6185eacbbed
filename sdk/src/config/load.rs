//! From what the sources say to a configuration.

use std::path::Path;

use super::endpoint::{self, AddressingStyle, Endpoint};
use super::environment::{self, CONFIG_PATH, Environment};
use super::setting::{Layer, Origin, Setting, Value};
use super::{Config, DEFAULT_ENDPOINT, check_user_agent, file};
use crate::client::RetryConfig;
use crate::error::{Error, Result};

const PARTS: &[Setting] = &[Setting::Protocol, Setting::Host, Setting::Port];

pub(super) fn from_environment_and_file(environment: Environment<'_>, home: Option<&Path>) -> Result<Config> {
    let variables = environment::read(environment)?;
    let file = match environment(CONFIG_PATH).filter(|path| !path.is_empty()) {
        Some(path) => file::read(Path::new(&path))
            .map_err(|error| Error::config(format!("{error} (it was named by {CONFIG_PATH})")))?,
        None => default_file(home)?,
    };
    merge(&variables, &file)
}

pub(super) fn from_environment(environment: Environment<'_>) -> Result<Config> {
    merge(&environment::read(environment)?, &Layer::default())
}

pub(super) fn from_file(path: &Path) -> Result<Config> {
    merge(&Layer::default(), &file::read(path)?)
}

fn default_file(home: Option<&Path>) -> Result<Layer> {
    for path in home.map(file::default_paths).into_iter().flatten() {
        if let Some(layer) = file::read_if_exists(&path)? {
            return Ok(layer);
        }
    }
    Ok(Layer::default())
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
        endpoint::check_zone(&zone.text).map_err(|error| at(&zone.origin, &error))?;
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
        check_user_agent(&user_agent.text).map_err(|error| at(&user_agent.origin, &error))?;
        config = config.additional_user_agent(&user_agent.text);
    }
    if let Some(retries) = get(Setting::ConnectionRetries) {
        let attempts = retries.count()?.saturating_add(1);
        config = config.retry(RetryConfig::default().max_attempts(attempts));
    }
    if let Some(dual_stack) = get(Setting::DualStack)
        && dual_stack.boolean()?
    {
        tracing::warn!(setting = %dual_stack.origin, "not supported: ignored");
    }
    Ok(config)
}

/// One of the keys may be in the environment and the other in the file, but not one in the environment that would
/// replace half of a pair in the file.
fn key_pair(variables: &Layer, file: &Layer) -> Result<(String, String)> {
    let pair = |layer: &Layer| {
        let get = |setting| layer.get(setting).cloned();
        (get(Setting::AccessKeyId), get(Setting::SecretAccessKey))
    };
    let only_one = |value: &Value, missing: Setting| {
        let missing = missing.key();
        Error::config(format!("there is {}, but no {missing}", value.origin))
    };
    let (id, secret) = match (pair(variables), pair(file)) {
        ((Some(id), Some(secret)), _) | ((None, None), (Some(id), Some(secret))) => (id, secret),
        ((None, None), (None, None)) => return Ok((String::new(), String::new())),
        ((Some(id), None), (None, Some(secret))) | ((None, Some(secret)), (Some(id), None)) => (id, secret),
        ((Some(half), None), (Some(whole), _)) | ((None, Some(half)), (_, Some(whole))) => {
            return Err(Error::config(format!(
                "{} replaces {}, but not the other key that belongs to it",
                half.origin, whole.origin
            )));
        }
        ((Some(id), None), (None, None)) | ((None, None), (Some(id), None)) => {
            return Err(only_one(&id, Setting::SecretAccessKey));
        }
        ((None, Some(secret)), (None, None)) | ((None, None), (None, Some(secret))) => {
            return Err(only_one(&secret, Setting::AccessKeyId));
        }
    };
    Ok((id.text, secret.text))
}

/// The endpoint and the setting that it comes from; `None` if nothing is said about it.
fn endpoint(variables: &Layer, file: &Layer) -> Result<Option<(Endpoint, Origin)>> {
    let in_variables = variables.any(PARTS);
    let whole = match (variables.get(Setting::Endpoint), in_variables) {
        (Some(whole), _) => Some(whole),
        (None, None) => file.get(Setting::Endpoint),
        (None, Some(part)) => {
            // A host replaces the file's endpoint. A port alone says nothing about whose it is.
            if let (Some(whole), None) = (file.get(Setting::Endpoint), variables.get(Setting::Host)) {
                return Err(Error::config(format!(
                    "{} does not go together with {}: set QINGSTOR_ENDPOINT instead",
                    part.origin, whole.origin
                )));
            }
            None
        }
    };
    if let Some(whole) = whole {
        let endpoint = whole.text.parse().map_err(|error| at(&whole.origin, &error))?;
        return Ok(Some((endpoint, whole.origin.clone())));
    }

    let get = |setting| variables.get(setting).or_else(|| file.get(setting));
    let (protocol, host, port) = (get(Setting::Protocol), get(Setting::Host), get(Setting::Port));
    let Some(origin) = host.or(protocol).or(port).map(|value| value.origin.clone()) else {
        return Ok(None);
    };
    let (default_protocol, default_host) = DEFAULT_ENDPOINT.split_once("://").unwrap_or(("https", DEFAULT_ENDPOINT));
    // One after the other, so that each error is about the setting that it names.
    let protocol_text = protocol.map_or(default_protocol, |value| &value.text);
    if let Some(protocol) = protocol {
        Endpoint::from_parts(protocol_text, default_host, None).map_err(|error| at(&protocol.origin, &error))?;
    }
    let host_text = host.map_or(default_host, |value| &value.text);
    let port = port.map(Value::port).transpose()?;
    let endpoint = Endpoint::from_parts(protocol_text, host_text, port).map_err(|error| at(&origin, &error))?;
    Ok(Some((endpoint, origin)))
}

fn at(origin: &Origin, error: &Error) -> Error {
    Error::config(format!("{origin}: {error}"))
}

#[cfg(test)]
mod tests;
