//! What a client is made of.

mod credentials;
mod endpoint;
mod environment;
mod file;
mod load;
mod setting;
mod timeouts;
mod yaml;

pub(crate) use timeouts::Timeouts;

use std::path::Path;
use std::time::Duration;

use crate::client::RetryConfig;
use crate::error::{Error, Result};
use crate::value::Secret;

pub use credentials::Credentials;
pub(crate) use endpoint::Target;
pub use endpoint::{AddressingStyle, Endpoint};

const DEFAULT_ENDPOINT: &str = "https://qingstor.com";

/// With which keys, where to, and how patiently.
///
/// Made in code by [`new`](Config::new) or [`anonymous`](Config::anonymous), or from the environment and the
/// configuration file that QingStor's tools share by [`load`](Config::load). Setters are chained, and override what was
/// loaded. What they are given is checked by [`QingStor::new`](crate::QingStor::new).
///
/// ```
/// use std::time::Duration;
/// use qingstor_sdk::{AddressingStyle, Config};
///
/// let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
///     .zone("pek3b")
///     .addressing_style(AddressingStyle::VirtualHost)
///     .idle_timeout(Duration::from_secs(60));
/// assert!(!format!("{config:?}").contains("SECRET_ACCESS_KEY"));
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    credentials: Credentials,
    endpoint: String,
    zone: Option<String>,
    addressing_style: AddressingStyle,
    additional_user_agent: Option<String>,
    retry: RetryConfig,
    timeouts: Timeouts,
}

/// A configuration that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// None: requests are not signed.
    pub(crate) credentials: Option<Credentials>,
    pub(crate) endpoint: Endpoint,
    pub(crate) zone: Option<String>,
    pub(crate) addressing_style: AddressingStyle,
    pub(crate) additional_user_agent: Option<String>,
    pub(crate) retry: RetryConfig,
    pub(crate) timeouts: Timeouts,
}

impl Config {
    /// A configuration with a pair of API keys and all else at its default.
    ///
    /// If both keys are empty, requests are not signed; if one is, [`QingStor::new`](crate::QingStor::new) fails.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>) -> Self {
        Self {
            credentials: Credentials::new(access_key_id, secret_access_key),
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            zone: None,
            addressing_style: AddressingStyle::default(),
            additional_user_agent: None,
            retry: RetryConfig::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// A configuration without keys: requests are not signed, which is enough to read what is public.
    pub fn anonymous() -> Self {
        Self::new("", "")
    }

    /// Reads the environment and the configuration file: what is in the environment goes before what is in the file,
    /// which goes before the defaults.
    ///
    /// | variable | key in the file | meaning |
    /// | --- | --- | --- |
    /// | `QINGSTOR_ACCESS_KEY_ID`, `QINGSTOR_SECRET_ACCESS_KEY` | `access_key_id`, `secret_access_key` | the pair of keys; neither: requests are not signed |
    /// | `QINGSTOR_ENDPOINT` | `endpoint` | see [`endpoint`](Config::endpoint) |
    /// | `QINGSTOR_PROTOCOL`, `QINGSTOR_HOST`, `QINGSTOR_PORT` | `protocol`, `host`, `port` | the older way to say the same; defaults `https`, `qingstor.com`, and the port of the protocol |
    /// | `QINGSTOR_ZONE` | `zone` | see [`zone`](Config::zone) |
    /// | `QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE` | `enable_virtual_host_style` | `true` or `false`; in files also by its other names `enable_virtual_style` and `virtual_host_enabled` |
    /// | `QINGSTOR_ADDITIONAL_USER_AGENT` | `additional_user_agent` | see [`additional_user_agent`](Config::additional_user_agent) |
    /// | `QINGSTOR_CONNECTION_RETRIES` | `connection_retries` | how often a request is sent again after the first time |
    ///
    /// The file is the one `QINGSTOR_CONFIG_PATH` names, or else the first there is of `~/.qingstor/config.yaml` and
    /// `~/.config/qingstor.yaml`; without `QINGSTOR_CONFIG_PATH` there need be none. It has one `key: value` a line,
    /// in YAML; keys that are not in the table are left alone. An empty value, or an empty variable, is as good as
    /// none.
    ///
    /// The file is read at once, without regard to the async runtime: call this when the program starts.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or understood, or a value cannot be used, or one contradicts another: only one of the
    /// two keys; `endpoint` together with `protocol`, `host` or `port`. The message names the setting and where it is,
    /// and never the value of a key.
    ///
    /// ```no_run
    /// # fn run() -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::{Config, QingStor};
    ///
    /// let qingstor = QingStor::new(Config::load()?)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn load() -> Result<Self> {
        load::from_environment_and_file(&environment::variable, std::env::home_dir().as_deref())
    }

    /// Reads the environment as [`load`](Config::load) does, and no file.
    ///
    /// # Errors
    ///
    /// As for [`load`](Config::load).
    pub fn from_env() -> Result<Self> {
        load::from_environment(&environment::variable)
    }

    /// Reads a file as [`load`](Config::load) does, and not the environment.
    ///
    /// # Errors
    ///
    /// If there is no such file, and as for [`load`](Config::load).
    ///
    /// ```no_run
    /// # fn run() -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::Config;
    ///
    /// let config = Config::from_file("/etc/my-app/qingstor.yaml")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        load::from_file(path.as_ref())
    }

    /// Whether there are no keys, so that requests are not signed.
    pub fn is_anonymous(&self) -> bool {
        self.credentials.access_key_id().is_empty() && self.credentials.secret_access_key().expose().is_empty()
    }

    /// Where the service is: scheme, host and, if it is not the scheme's own, port, such as `http://127.0.0.1:9000`.
    /// Zone and bucket are no part of it. Default `https://qingstor.com`.
    ///
    /// Proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name are used, except for a loopback address and, in path
    /// style, `localhost`.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// The zone, such as `pek3b`, of requests about the account, and of buckets for which no other is given. None by
    /// default, and none if empty: such requests go to the endpoint's own host.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into()).filter(|zone| !zone.is_empty());
        self
    }

    /// Whether buckets are named in the path (the default) or in the host name, which an endpoint with an IP address
    /// does not allow.
    pub fn addressing_style(mut self, style: AddressingStyle) -> Self {
        self.addressing_style = style;
        self
    }

    /// What is added to the `User-Agent` header, such as `my-app/1.0`: printable ASCII without spaces and `"`. Nothing
    /// by default.
    pub fn additional_user_agent(mut self, text: impl Into<String>) -> Self {
        self.additional_user_agent = Some(text.into()).filter(|text| !text.is_empty());
        self
    }

    /// How often and after how long a failed request is sent again.
    pub fn retry(mut self, retry: RetryConfig) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the maximum time to connect, including name lookup and TLS. Default 10 s; must not be zero.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout;
        self
    }

    /// Sets the maximum time without progress. Default 60 s; must not be zero.
    ///
    /// A request fails with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if no byte moves for this long; there is no
    /// limit on the time that it takes as a whole. After the last byte of a request that writes (any method but `GET`,
    /// `HEAD` and `OPTIONS`), [`response_timeout`](Config::response_timeout) counts instead. Connecting counts too, so this
    /// limit should be no shorter than [`connect_timeout`](Config::connect_timeout).
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.idle = timeout;
        self
    }

    /// Sets the maximum time between the last byte of a request that writes and the head of its response. Default 120 s;
    /// must not be zero.
    ///
    /// Time starts when the last byte is handed to the HTTP library. The library and the operating system may still hold
    /// 500 KiB, and some MiB on a connection that was fast. Raise the limit if these take longer, or if the server has to
    /// copy many gigabytes in one request.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.response = timeout;
        self
    }

    /// Checks everything.
    pub(crate) fn resolve(&self) -> Result<Settings> {
        let endpoint: Endpoint = self.endpoint.parse()?;
        endpoint.check_style(self.addressing_style)?;
        self.zone.as_deref().map(endpoint::check_zone).transpose()?;
        self.additional_user_agent.as_deref().map(check_user_agent).transpose()?;
        self.timeouts.check()?;
        Ok(Settings {
            credentials: check_credentials(&self.credentials)?,
            endpoint,
            zone: self.zone.clone(),
            addressing_style: self.addressing_style,
            additional_user_agent: self.additional_user_agent.clone(),
            retry: self.retry.clone(),
            timeouts: self.timeouts,
        })
    }
}

fn check_credentials(credentials: &Credentials) -> Result<Option<Credentials>> {
    let id = credentials.access_key_id();
    let secret = credentials.secret_access_key().expose();
    match (id.is_empty(), secret.is_empty()) {
        (true, true) => return Ok(None),
        (false, true) => {
            return Err(Error::config("there is an access_key_id, but no secret_access_key"));
        }
        (true, false) => {
            return Err(Error::config("there is a secret_access_key, but no access_key_id"));
        }
        (false, false) => {}
    }
    // What comes from a file or a shell easily brings a line break along, and every signature would be wrong.
    if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config("the access_key_id has white space or other characters in it that cannot be sent"));
    }
    if secret.trim() != secret || secret.chars().any(char::is_control) {
        return Err(Error::config("the secret_access_key has white space at an end, or control characters in it"));
    }
    Ok(Some(credentials.clone()))
}

fn check_user_agent(text: &str) -> Result<()> {
    if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
        return Ok(());
    }
    Err(Error::config(format!(
        "additional_user_agent is {text:?}, but must be printable ASCII without spaces and '\"', such as my-app/1.0"
    )))
}

#[cfg(test)]
mod tests;
