//! Loads the configuration from the environment and a file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
#[cfg(feature = "config-file")]
use std::path::PathBuf;

use super::endpoint::{self, AddressingStyle, Endpoint};
#[cfg(feature = "config-file")]
use super::file;
use super::keys::{Layer, PREFIX, Setting, Value};
use super::{Config, Credentials, DEFAULT_ENDPOINT, RetryConfig, RootCertificates, check_user_agent};
use crate::error::{Error, Result};

/// The environment variables whose names begin with [`PREFIX`] and whose values are not empty. Tests create their own,
/// because all threads share the environment of the process.
pub(super) type Environment = BTreeMap<String, OsString>;

/// Maximum size of a file with settings or certificates in bytes.
const MAX_FILE_SIZE: u64 = 1 << 20;

/// Environment variable with the path of the configuration file.
pub(super) const CONFIG_PATH: &str = "QINGSTOR_CONFIG_PATH";

/// Returns the environment of the process.
pub(super) fn environment() -> Environment {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        // Windows ignores the case of names.
        Some((if cfg!(windows) { name.to_ascii_uppercase() } else { name }, value))
    });
    variables.filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()).collect()
}

/// Loads the environment and a file: the one that the environment names, or else the first readable one of
/// `default_paths`. In the path that the environment names, `~` stands for `home`.
#[cfg(feature = "config-file")]
pub(super) fn from_environment_and_file(
    environment: &Environment,
    home: Option<&Path>,
    default_paths: &[PathBuf],
) -> Result<Config> {
    let variables = variables(environment)?;
    let file = match environment.get(CONFIG_PATH).map(Path::new) {
        Some(path) => {
            let below_home = home.and_then(|home| Some(home.join(path.strip_prefix("~").ok()?)));
            file::read(below_home.as_deref().unwrap_or(path))
                .map_err(|error| Error::config(format!("{error} (the path is from {CONFIG_PATH})")))?
        }
        None => {
            let has_keys =
                [Setting::AccessKeyId, Setting::SecretAccessKey].iter().all(|key| variables.get(*key).is_some());
            file::read_default(default_paths, has_keys)?
        }
    };
    merge(variables, file)
}

pub(super) fn from_environment(environment: &Environment) -> Result<Config> {
    merge(variables(environment)?, Layer::default())
}

#[cfg(feature = "config-file")]
pub(super) fn from_file(path: &Path) -> Result<Config> {
    merge(Layer::default(), file::read(path)?)
}

fn variables(environment: &Environment) -> Result<Layer> {
    let mut layer = Layer::default();
    for (name, value) in environment.iter().filter(|(name, _)| *name != CONFIG_PATH) {
        let key = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
        let is_upper_case = name.to_ascii_uppercase() == *name;
        let Some(setting) = Setting::by_key(&key).filter(|_| is_upper_case) else {
            if let Some(similar) = Setting::similar_key(&key, &["config_path"]) {
                let similar = similar.to_ascii_uppercase();
                layer.ignore(format!("the environment variable {name} is unknown: did you mean {PREFIX}{similar}?"));
            }
            continue;
        };
        let origin = format!("the environment variable {name}");
        let text = value.to_str().ok_or_else(|| Error::config(format!("{origin} is not UTF-8")))?.to_owned();
        layer.set(setting, Value { text, origin })?;
    }
    Ok(layer)
}

/// Loads settings that the caller has, with keys as in the file.
pub(super) fn apply_settings(config: Config, settings: impl Iterator<Item = (String, String)>) -> Result<Config> {
    let mut layer = Layer::default();
    for (key, text) in settings.filter(|(_, text)| !text.is_empty()) {
        let setting = Setting::by_key(&key).ok_or_else(|| {
            let similar = Setting::similar_key(&key, &[]);
            let advice = similar.map_or_else(String::new, |similar| format!(": did you mean {similar}?"));
            Error::config(format!("the setting {key:?} is unknown{advice}"))
        })?;
        layer.replace(setting, Value { text, origin: format!("the setting {key}") });
    }
    apply(config, layer, Layer::default())
}

fn merge(variables: Layer, file: Layer) -> Result<Config> {
    apply(Config::anonymous(), variables, file)
}

/// Replaces the values of `config` that a layer contains. Values of `variables` take precedence over those of `file`.
fn apply(mut config: Config, variables: Layer, file: Layer) -> Result<Config> {
    let get = |setting| variables.get(setting).or_else(|| file.get(setting));
    let is_on = |setting| match get(setting) {
        Some(value) => Ok(value.boolean()?.then_some(value)),
        None => Ok(None),
    };

    if let Some((id, secret)) = key_pair(&variables, &file)? {
        config.credentials = Credentials::new(id, secret);
    }
    let endpoint = endpoint(&config.endpoint, &variables, &file)?;
    if let Some((endpoint, _)) = &endpoint {
        config = config.endpoint(endpoint.to_string());
    }
    if let Some(zone) = get(Setting::Zone) {
        endpoint::check_zone(&zone.text).map_err(|error| with_origin(&zone.origin, &error))?;
        config = config.zone(&zone.text);
    }
    // A setting that is off ends the style that it stands for.
    let stands_for_style = match config.addressing_style {
        AddressingStyle::VirtualHost => Some(Setting::VirtualHostStyle),
        AddressingStyle::CustomDomain => Some(Setting::CnameSupport),
        _ => None,
    };
    if stands_for_style.and_then(get).is_some() {
        config = config.addressing_style(AddressingStyle::Path);
    }
    let virtual_host = is_on(Setting::VirtualHostStyle)?.map(|setting| (AddressingStyle::VirtualHost, setting));
    // QingStor's own hosts cannot be bound to a bucket. The Java SDK ignores the setting for them, too.
    let is_custom = config.endpoint.parse().is_ok_and(|endpoint: Endpoint| !endpoint.is_of_qingstor());
    let custom_domain =
        is_on(Setting::CnameSupport)?.filter(|_| is_custom).map(|setting| (AddressingStyle::CustomDomain, setting));
    if let Some((style, setting)) = custom_domain.or(virtual_host) {
        config = config.addressing_style(style);
        if let Some((endpoint, origin)) = &endpoint {
            endpoint
                .check_style(style)
                .map_err(|error| Error::config(format!("{origin} contradicts {}: {error}", setting.origin)))?;
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
    if let Some(file) = get(Setting::CaFile) {
        let origin = format!("{}, {:?},", file.origin, file.text);
        let pem = read_file(Path::new(&file.text), true).map_err(|error| {
            Error::config(format!(
                "{origin} cannot be read: {error}; it must be the path of a file with certificates in PEM"
            ))
        })?;
        config.root_certificates.push(RootCertificates { pem, origin });
    }
    if let Some(dual_stack) = is_on(Setting::DualStack)? {
        tracing::warn!(setting = %dual_stack.origin, "ignoring an unsupported setting");
    }
    config.ignored.extend([variables.ignored, file.ignored].concat());
    Ok(config)
}

/// Reads a file of limited size. If `must_be_plain`, named pipes and devices are refused, because opening or reading
/// them could take forever.
pub(super) fn read_file(path: &Path, must_be_plain: bool) -> io::Result<Vec<u8>> {
    if must_be_plain && !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_SIZE {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Returns the access key id and the secret access key, or `None` if both are unset.
///
/// One of them may be set in the environment and the other in the file. If the file has both, however, the environment
/// must replace both or none of them.
fn key_pair(variables: &Layer, file: &Layer) -> Result<Option<(String, String)>> {
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
        (Some(id), Some(secret)) => Ok(Some((id.text.clone(), secret.text.clone()))),
        (None, None) => Ok(None),
        (Some(id), None) => Err(Error::config(format!("{} is set, but secret_access_key is not", id.origin))),
        (None, Some(secret)) => Err(Error::config(format!("{} is set, but access_key_id is not", secret.origin))),
    }
}

/// Returns the endpoint and the place that it was loaded from, or `None` if neither it nor a part of it is set. Without
/// an endpoint and a host, the other parts replace those of `base`.
fn endpoint(base: &str, variables: &Layer, file: &Layer) -> Result<Option<(Endpoint, String)>> {
    let either = |setting| variables.get(setting).or_else(|| file.get(setting));
    let whole = match (variables.get(Setting::Endpoint), variables.get(Setting::Host)) {
        // A host in the environment replaces the endpoint in the file.
        (None, Some(_)) => None,
        _ => either(Setting::Endpoint),
    };
    let parts: Vec<_> =
        Setting::ENDPOINT_PARTS.into_iter().filter_map(|setting| Some((setting, either(setting)?))).collect();
    let first_part = parts.first().map(|(_, value)| *value);
    let Some(source) = whole.or(either(Setting::Host)).or(first_part) else { return Ok(None) };

    let mut endpoint: Endpoint = match whole {
        Some(whole) => whole.text.parse().map_err(|error| with_origin(&whole.origin, &error))?,
        None if parts.iter().any(|(part, _)| *part == Setting::Host) => DEFAULT_ENDPOINT.parse()?,
        None => base.parse()?,
    };
    for &(setting, value) in &parts {
        let replaces_file = variables.get(Setting::Endpoint).is_none() && variables.get(setting).is_some();
        if whole.is_none() || replaces_file {
            endpoint = with_part(endpoint, setting, value)?;
        }
    }
    // QingStor's tools write files that contain an endpoint and also its parts. Like them, the SDK ignores the parts.
    for (setting, value) in parts {
        if with_part(endpoint.clone(), setting, value).ok().as_ref() != Some(&endpoint) {
            tracing::debug!(ignored = value.origin, used = source.origin, "a part of the endpoint is ignored");
        }
    }
    Ok(Some((endpoint, source.origin.clone())))
}

/// Replaces the protocol, host or port of an endpoint.
fn with_part(endpoint: Endpoint, part: Setting, value: &Value) -> Result<Endpoint> {
    match part {
        Setting::Protocol => endpoint.with_protocol(&value.text),
        Setting::Host => endpoint.with_host(&value.text),
        _ => return Ok(endpoint.with_port(value.port()?)),
    }
    .map_err(|error| with_origin(&value.origin, &error))
}

/// Adds the place of the invalid value to an error.
fn with_origin(origin: &str, error: &Error) -> Error {
    Error::config(format!("{origin}: {error}"))
}

#[cfg(feature = "config-file")]
#[cfg(test)]
mod tests;
