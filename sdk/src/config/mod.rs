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

use std::fmt;
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

/// The configuration of a client: access keys, endpoint, retries and timeouts.
///
/// [`new`](Config::new) and [`anonymous`](Config::anonymous) create it in code. [`load`](Config::load) reads the
/// environment and the configuration file that QingStor's tools share. Setters are chained and replace loaded values.
/// [`QingStor::new`](crate::QingStor::new) checks all values.
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
    pub(crate) zone: Option<String>,
    pub(crate) addressing_style: AddressingStyle,
    pub(crate) additional_user_agent: Option<String>,
    pub(crate) retry: RetryConfig,
    pub(crate) timeouts: Timeouts,
    /// Settings and files that were ignored when the configuration was loaded, although they may have been meant to be
    /// used. The error of a refused request without a signature lists them.
    pub(crate) ignored: Vec<String>,
    pub(crate) root_certificates: Vec<RootCertificates>,
    #[cfg_attr(not(any(feature = "rustls", feature = "native-tls")), allow(dead_code, reason = "used for TLS"))]
    pub(crate) accepts_invalid_certificates: bool,
    /// The URL of the proxy. It may contain a password.
    pub(crate) proxy: Option<Secret>,
    pub(crate) no_proxy: Option<String>,
}

/// Certificates of authorities that the client trusts in addition to the system's.
#[derive(Clone)]
#[cfg_attr(not(any(feature = "rustls", feature = "native-tls")), allow(dead_code, reason = "used for TLS"))]
pub(crate) struct RootCertificates {
    pub(crate) pem: Vec<u8>,
    /// Place of the certificates for errors, such as "ca_file in /etc/qingstor.yaml".
    pub(crate) origin: String,
}

/// Shows the place only. A PEM file may also contain a private key.
impl fmt::Debug for RootCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RootCertificates").field(&self.origin).finish()
    }
}

impl Config {
    /// Creates a configuration with a pair of access keys and default values.
    ///
    /// If both keys are empty, requests are not signed. If only one is empty, [`QingStor::new`](crate::QingStor::new)
    /// fails.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>) -> Self {
        Self {
            credentials: Credentials::new(access_key_id, secret_access_key),
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            zone: None,
            addressing_style: AddressingStyle::default(),
            additional_user_agent: None,
            retry: RetryConfig::default(),
            timeouts: Timeouts::default(),
            ignored: Vec::new(),
            root_certificates: Vec::new(),
            accepts_invalid_certificates: false,
            proxy: None,
            no_proxy: None,
        }
    }

    /// Creates a configuration without access keys. Requests are not signed, which is enough to read public objects.
    pub fn anonymous() -> Self {
        Self::new("", "")
    }

    /// Loads the environment and the configuration file. Values in the environment take precedence over those in the
    /// file.
    ///
    /// | variable | key in the file | meaning |
    /// | --- | --- | --- |
    /// | `QINGSTOR_ACCESS_KEY_ID`, `QINGSTOR_SECRET_ACCESS_KEY` | `access_key_id`, `secret_access_key` | the access keys; if both are unset, requests are not signed |
    /// | `QINGSTOR_ENDPOINT` | `endpoint` | see [`endpoint`](Config::endpoint) |
    /// | `QINGSTOR_PROTOCOL`, `QINGSTOR_HOST`, `QINGSTOR_PORT` | `protocol`, `host`, `port` | an older form of `endpoint`, and ignored if that is set; the defaults are `https`, `qingstor.com` and the port of the protocol |
    /// | `QINGSTOR_ZONE` | `zone` | see [`zone`](Config::zone) |
    /// | `QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE` | `enable_virtual_host_style` | `true` for virtual-host style (default `false`); files may also use the names `enable_virtual_style` and `virtual_host_enabled` |
    /// | `QINGSTOR_CNAME_SUPPORT` | `cname_support` | `true` for [`AddressingStyle::CustomDomain`], unless the endpoint is `qingstor.com` or below it (default `false`) |
    /// | `QINGSTOR_ADDITIONAL_USER_AGENT` | `additional_user_agent` | see [`additional_user_agent`](Config::additional_user_agent) |
    /// | `QINGSTOR_CONNECTION_RETRIES` | `connection_retries` | maximum number of retries of a request |
    /// | `QINGSTOR_CA_FILE` | `ca_file` | path of a PEM file, see [`root_certificate`](Config::root_certificate) |
    ///
    /// `QINGSTOR_CONFIG_PATH` is the path of the file; `~` at its start stands for the home directory. If it is unset,
    /// the first existing file of `~/.qingstor/config.yaml`, `~/.config/qingstor.yaml`,
    /// `~/.config/qingstor/config.yaml` and (on Unix) `/etc/qingstor/config.yaml` is read. If there is none, only the
    /// environment is used. A default file that cannot be read is skipped with a logged warning.
    ///
    /// The file is YAML with one `key: value` on each line, and has at most 1 MiB. Empty values and variables are
    /// treated as unset. Unknown keys are ignored with a logged warning, except some keys of QingStor's other tools,
    /// such as `log_level`, which are ignored silently. In a file that `QINGSTOR_CONFIG_PATH` names, a key that is
    /// similar to a known one, such as `endpiont`, is an error. A variable whose name is similar to one in the table,
    /// such as `QINGSTOR_ACCESS_KEY`, is ignored with a logged warning. If no access keys are configured and the server
    /// refuses a request, the error repeats these warnings.
    ///
    /// A variable `QINGSTOR_HOST` replaces an `endpoint` in the file, and `QINGSTOR_PROTOCOL` and `QINGSTOR_PORT`
    /// replace that part of it.
    ///
    /// The file is read synchronously, so call this when the program starts. Without the crate's feature `config-file`,
    /// no file is read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the file that `QINGSTOR_CONFIG_PATH` or `ca_file` names
    /// cannot be read, if a value is invalid, or if only one of the two access keys is set. A default file that cannot
    /// be parsed is an error, unless the environment sets both access keys. The message names the file and the setting,
    /// and never contains an access key.
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
        let environment = load::environment();
        #[cfg(feature = "config-file")]
        {
            let home = std::env::home_dir();
            load::from_environment_and_file(&environment, home.as_deref(), &file::default_paths(home.as_deref()))
        }
        #[cfg(not(feature = "config-file"))]
        {
            if environment.contains_key(load::CONFIG_PATH) {
                let variable = load::CONFIG_PATH;
                tracing::warn!("ignoring {variable}, because qingstor-sdk was built without its feature config-file");
            }
            load::from_environment(&environment)
        }
    }

    /// Loads the environment as [`load`](Config::load) does, but no file.
    ///
    /// # Errors
    ///
    /// As for [`load`](Config::load).
    pub fn from_env() -> Result<Self> {
        load::from_environment(&load::environment())
    }

    /// Loads a file as [`load`](Config::load) does, but not the environment. Requires the crate's feature
    /// `config-file`.
    ///
    /// # Errors
    ///
    /// As for [`load`](Config::load) with `QINGSTOR_CONFIG_PATH`.
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

    /// Replaces values by settings, such as those that a program reads from its own configuration. The keys are those in
    /// the file ([`load`](Config::load)). Empty values are ignored. If a key occurs twice, the last value counts.
    ///
    /// ```
    /// # fn run() -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::Config;
    ///
    /// let config = Config::anonymous().apply_settings([("zone", "pek3b"), ("connection_retries", "5")])?;
    /// assert!(config.apply_settings([("zones", "pek3b")]).is_err());
    /// # Ok(())
    /// # }
    /// # run().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a key is unknown or a value is invalid, if only one of the two
    /// access keys is set, or if the file that `ca_file` names cannot be read. The message names the setting, and never
    /// contains an access key.
    pub fn apply_settings<K, V>(self, settings: impl IntoIterator<Item = (K, V)>) -> Result<Self>
    where
        K: Into<String>,
        V: Into<String>,
    {
        load::apply_settings(self, settings.into_iter().map(|(key, value)| (key.into(), value.into())))
    }

    /// Returns true if both access keys are empty, so that requests are not signed.
    pub fn is_anonymous(&self) -> bool {
        self.credentials.access_key_id().is_empty() && self.credentials.secret_access_key().expose().is_empty()
    }

    /// Sets the scheme, host and port of the service, such as `http://127.0.0.1:9000`, without zone and bucket. Default
    /// `https://qingstor.com`.
    ///
    /// See [`proxy`](Config::proxy) for the proxy that requests use.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// Sets the zone, such as `pek3b`, for requests on the account and for buckets without a zone. If unset or empty,
    /// these requests go to the host of the endpoint.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into()).filter(|zone| !zone.is_empty());
        self
    }

    /// Sets the place of the bucket name in URLs: the path (default), the host name, or neither of them with a custom
    /// domain. The latter two require an endpoint that is not an IP address.
    pub fn addressing_style(mut self, style: AddressingStyle) -> Self {
        self.addressing_style = style;
        self
    }

    /// Sets text to append to the `User-Agent` header, such as `my-app/1.0`. It must be printable ASCII, and must not
    /// contain spaces or `"`. Unset by default.
    pub fn additional_user_agent(mut self, text: impl Into<String>) -> Self {
        self.additional_user_agent = Some(text.into()).filter(|text| !text.is_empty());
        self
    }

    /// Sets the number of retries of a failed request and the waits between them.
    pub fn retry(mut self, retry: RetryConfig) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the maximum time to connect, including name lookup and TLS handshake. Default 10 s; must not be zero.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout;
        self
    }

    /// Sets the maximum time without progress. Default 60 s; must not be zero.
    ///
    /// A request fails with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if no byte of it or of its response moves
    /// for this long. The total time of a request is not limited. Between the last byte of a request that writes (with
    /// any method but `GET`, `HEAD` and `OPTIONS`) and its response, [`response_timeout`](Config::response_timeout)
    /// applies instead. The time to connect counts too, so this limit should not be shorter than
    /// [`connect_timeout`](Config::connect_timeout).
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.idle = timeout;
        self
    }

    /// Sets the maximum time between the last byte of a request that writes and the head of its response. Default 120
    /// s; must not be zero.
    ///
    /// The time starts when the HTTP library has taken the last byte. At that moment, the library and the operating
    /// system may still hold 500 KiB that have to be sent, or a few MiB if the connection has been fast. Set a longer
    /// time if the network is slow, or if the server has to copy many gigabytes in one request.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.response = timeout;
        self
    }

    /// Trusts a certificate authority, such as the one of a private cloud, in addition to those of the system.
    ///
    /// `pem` contains one or more certificates in PEM (`-----BEGIN CERTIFICATE-----`). Further calls add certificates.
    /// [`QingStor::new`](crate::QingStor::new) fails with [`ErrorKind::Config`](crate::ErrorKind::Config) if there is
    /// no certificate in it, or one that cannot be used.
    ///
    /// The certificates of the system are loaded when the first HTTPS connection is made. On Linux, `SSL_CERT_FILE` (a
    /// PEM file) and `SSL_CERT_DIR` (a directory in the format of OpenSSL's `rehash`) replace them.
    ///
    /// ```no_run
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use qingstor_sdk::Config;
    ///
    /// let config = Config::load()?.root_certificate(std::fs::read("/etc/my-cloud/ca.pem")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        let origin = "root_certificate".to_owned();
        self.root_certificates.push(RootCertificates { pem: pem.as_ref().to_vec(), origin });
        self
    }

    /// Accepts every certificate, also for other names, from unknown authorities, and after its expiry. Default false.
    ///
    /// **Danger:** anyone who can redirect the connection can then read and change all data. Use it for tests only, and
    /// [`root_certificate`](Config::root_certificate) for a private certificate authority.
    pub fn danger_accept_invalid_certificates(mut self, accept: bool) -> Self {
        self.accepts_invalid_certificates = accept;
        self
    }

    /// Sends all requests through a proxy, such as `http://user:password@proxy.example:3128`. The schemes are `http`,
    /// `https`, `socks4`, `socks4a`, `socks5` and `socks5h`. With `socks4a` and `socks5h` the proxy looks up the name
    /// of the server. Special characters in user and password have to be percent-encoded.
    ///
    /// If unset or empty, the client uses the environment: `HTTPS_PROXY` for an `https` endpoint, `HTTP_PROXY` for an
    /// `http` endpoint, and `ALL_PROXY` if the other one is unset. Names in lower case work too. It ignores them for a
    /// loopback address, in path style for `localhost`, and if `REQUEST_METHOD` is set, because a CGI program may
    /// receive `HTTP_PROXY` from its client.
    ///
    /// [`QingStor::new`](crate::QingStor::new) fails with [`ErrorKind::Config`](crate::ErrorKind::Config) if the URL of
    /// the proxy cannot be used. `Debug` output, logs and errors contain neither user nor password.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into()).filter(|url| !url.expose().is_empty());
        self
    }

    /// Sets the hosts that are reached without a proxy, separated by commas: domains with all names below them, IP
    /// addresses, networks such as `10.0.0.0/8`, or `*` for all hosts.
    ///
    /// If unset, `NO_PROXY` applies to a proxy of the environment, and all requests use the proxy that
    /// [`proxy`](Config::proxy) has set.
    pub fn no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.no_proxy = Some(hosts.into());
        self
    }

    /// Returns the access keys, or `None` if requests are not signed.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        (!self.is_anonymous()).then_some(&self.credentials)
    }

    /// Returns the reason why requests are not signed, for the error of a refused one.
    pub(crate) fn unsigned_note(&self) -> String {
        let reason = "requests are not signed, because no access keys are configured".to_owned();
        [&[reason], self.ignored.as_slice()].concat().join("; ")
    }

    /// Checks all values and returns the endpoint.
    pub(crate) fn check(&self) -> Result<Endpoint> {
        let endpoint: Endpoint = self.endpoint.parse()?;
        endpoint.check_style(self.addressing_style)?;
        self.zone.as_deref().map(endpoint::check_zone).transpose()?;
        self.additional_user_agent.as_deref().map(check_user_agent).transpose()?;
        self.timeouts.check()?;
        self.credentials().map(check_credentials).transpose()?;
        Ok(endpoint)
    }
}

fn check_credentials(credentials: &Credentials) -> Result<()> {
    let id = credentials.access_key_id();
    let secret = credentials.secret_access_key().expose();
    if secret.is_empty() {
        return Err(Error::config("access_key_id is set, but secret_access_key is not"));
    }
    if id.is_empty() {
        return Err(Error::config("secret_access_key is set, but access_key_id is not"));
    }
    // Keys from a file or a shell often end with a line break, which would make every signature invalid.
    if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config("access_key_id contains white space or other characters that cannot be sent"));
    }
    if secret.trim() != secret || secret.chars().any(char::is_control) {
        return Err(Error::config("secret_access_key starts or ends with white space or contains control characters"));
    }
    Ok(())
}

fn check_user_agent(text: &str) -> Result<()> {
    if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
        return Ok(());
    }
    Err(Error::config(format!(
        "additional_user_agent is {text:?}, but must be printable ASCII without spaces or quotes, such as my-app/1.0"
    )))
}

#[cfg(test)]
mod tests;
