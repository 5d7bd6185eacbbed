//! The configuration of a client.

mod credentials;
mod endpoint;
#[cfg(feature = "config-file")]
mod file;
mod keys;
mod load;
mod retry;
mod timeouts;

pub(crate) use timeouts::Timeouts;

#[cfg(feature = "config-file")]
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::value::Secret;

pub use credentials::Credentials;
pub(crate) use credentials::SigningKey;
pub(crate) use endpoint::Target;
pub use endpoint::{AddressingStyle, Endpoint};
pub use retry::RetryConfig;

const DEFAULT_ENDPOINT: &str = "https://qingstor.com";

/// The configuration of a client: keys, endpoint, retries and timeouts.
///
/// It is created in code with [`new`](Config::new) or [`anonymous`](Config::anonymous), or loaded with
/// [`load`](Config::load) from the environment and the configuration file that QingStor's tools share. Setters are chained
/// and override loaded values. [`QingStor::new`](crate::QingStor::new) checks all values.
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

/// A checked configuration.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// If `None`, requests are not signed.
    pub(crate) credentials: Option<Credentials>,
    pub(crate) endpoint: Endpoint,
    pub(crate) zone: Option<String>,
    pub(crate) addressing_style: AddressingStyle,
    pub(crate) additional_user_agent: Option<String>,
    pub(crate) retry: RetryConfig,
    pub(crate) timeouts: Timeouts,
}

impl Config {
    /// Creates a configuration with a pair of API keys and default values.
    ///
    /// If both keys are empty, requests are not signed. If one is, [`QingStor::new`](crate::QingStor::new) fails.
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

    /// Creates a configuration without keys. Requests are not signed, which suffices for reading public objects.
    pub fn anonymous() -> Self {
        Self::new("", "")
    }

    /// Loads the environment and the configuration file. Values in the environment override those in the file, which
    /// override the defaults.
    ///
    /// | variable | key in the file | meaning |
    /// | --- | --- | --- |
    /// | `QINGSTOR_ACCESS_KEY_ID`, `QINGSTOR_SECRET_ACCESS_KEY` | `access_key_id`, `secret_access_key` | the pair of keys; without it, requests are not signed |
    /// | `QINGSTOR_ENDPOINT` | `endpoint` | see [`endpoint`](Config::endpoint) |
    /// | `QINGSTOR_PROTOCOL`, `QINGSTOR_HOST`, `QINGSTOR_PORT` | `protocol`, `host`, `port` | the older form of `endpoint`; defaults `https`, `qingstor.com` and the port of the protocol |
    /// | `QINGSTOR_ZONE` | `zone` | see [`zone`](Config::zone) |
    /// | `QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE` | `enable_virtual_host_style` | `true` or `false`; in files also by its other names `enable_virtual_style` and `virtual_host_enabled` |
    /// | `QINGSTOR_ADDITIONAL_USER_AGENT` | `additional_user_agent` | see [`additional_user_agent`](Config::additional_user_agent) |
    /// | `QINGSTOR_CONNECTION_RETRIES` | `connection_retries` | maximum number of times that a request is sent again |
    ///
    /// The file is the one that `QINGSTOR_CONFIG_PATH` names, or else the first that exists of `~/.qingstor/config.yaml`
    /// and `~/.config/qingstor.yaml`. It is YAML with one `key: value` on each line. Unknown keys are ignored, with a logged
    /// warning. Empty values and empty variables count as unset.
    ///
    /// The file is read synchronously, so call this when the program starts. Without the crate's feature `config-file`, no
    /// file is read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the file cannot be read or parsed, if a value is invalid, or if
    /// values contradict each other: one of the two keys without the other, or `endpoint` with `protocol`, `host` or
    /// `port`. The message names the file and the setting, and never contains a key.
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
        load::from_environment_and_file(&|name| std::env::var_os(name), std::env::home_dir().as_deref())
    }

    /// Loads the environment as [`load`](Config::load) does, and no file.
    ///
    /// # Errors
    ///
    /// As for [`load`](Config::load).
    pub fn from_env() -> Result<Self> {
        load::from_environment(&|name| std::env::var_os(name))
    }

    /// Loads a file as [`load`](Config::load) does, and not the environment. Requires the crate's feature `config-file`.
    ///
    /// # Errors
    ///
    /// As for [`load`](Config::load), and if the file does not exist.
    ///
    /// ```no_run
    /// # fn run() -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::Config;
    ///
    /// let config = Config::from_file("/etc/my-app/qingstor.yaml")?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "config-file")]
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        load::from_file(path.as_ref())
    }

    /// Returns true if there are no keys, so that requests are not signed.
    pub fn is_anonymous(&self) -> bool {
        self.credentials.access_key_id().is_empty() && self.credentials.secret_access_key().expose().is_empty()
    }

    /// Sets the scheme, host and port of the service, such as `http://127.0.0.1:9000`. Zone and bucket are not part of it.
    /// Default `https://qingstor.com`.
    ///
    /// The client uses the proxies of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, except for a loopback address and, in
    /// path style, `localhost`.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// Sets the zone, such as `pek3b`, of requests about the account and of buckets that have no zone of their own. Unset by
    /// default and if empty: such requests go to the host of the endpoint.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into()).filter(|zone| !zone.is_empty());
        self
    }

    /// Sets the place of the bucket name: the path (default) or the host name, which is impossible if the endpoint is an IP
    /// address.
    pub fn addressing_style(mut self, style: AddressingStyle) -> Self {
        self.addressing_style = style;
        self
    }

    /// Sets text that is appended to the `User-Agent` header, such as `my-app/1.0`: printable ASCII without spaces and `"`.
    /// Unset by default.
    pub fn additional_user_agent(mut self, text: impl Into<String>) -> Self {
        self.additional_user_agent = Some(text.into()).filter(|text| !text.is_empty());
        self
    }

    /// Sets the number of retries of a failed request and the time between them.
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

    /// Checks all values.
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
    // Keys from a file or a shell often end with a line break, and every signature would be wrong.
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
