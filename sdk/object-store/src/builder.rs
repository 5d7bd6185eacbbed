//! Creates stores from settings.

use std::collections::BTreeMap;

use object_store::Result;
use object_store::path::Path;
use object_store::signer::Url;
use qingstor_sdk::{Config, QingStor, Secret};

use crate::error::{STORE, generic};
use crate::store::{ConditionalWrites, QingStorStore};

/// Prefix of the names of options.
const PREFIX: &str = "qingstor_";
const BUCKET: &str = "bucket";
const CONDITIONAL_WRITES: &str = "conditional_writes";

/// Creates a [`QingStorStore`] from settings: in code, in the environment and the configuration file, in options of the
/// form `(key, value)`, and in a URL.
///
/// ```
/// # fn run() -> object_store::Result<()> {
/// use qingstor_object_store::QingStorStoreBuilder;
///
/// let options = [("qingstor_access_key_id", "ID"), ("qingstor_secret_access_key", "SECRET"), ("qingstor_zone", "pek3b")];
/// let store = QingStorStoreBuilder::new().with_url("qingstor://my-bucket/tables").with_options(options).build()?;
/// assert_eq!(store.to_string(), "QingStorStore(my-bucket/tables)");
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
///
/// # Options
///
/// | key | value |
/// | --- | --- |
/// | `qingstor_bucket` | name of the bucket |
/// | `qingstor_conditional_writes` | `not_implemented` (default) or `check_then_write`, see [`ConditionalWrites`] |
/// | `qingstor_access_key_id`, `qingstor_secret_access_key` | the access keys |
/// | `qingstor_zone` | zone of the bucket, such as `pek3b` |
/// | `qingstor_endpoint`, or `qingstor_protocol`, `qingstor_host`, `qingstor_port` | endpoint of the service; default `https://qingstor.com` |
/// | `qingstor_enable_virtual_host_style`, `qingstor_cname_support` | place of the bucket name in URLs |
/// | `qingstor_connection_retries` | maximum number of retries of a request |
/// | `qingstor_additional_user_agent` | text to append to the header `User-Agent` |
/// | `qingstor_ca_file` | path of a PEM file with certificates to trust |
///
/// [`Config::load`] describes the values. The case of keys is ignored. Keys without the prefix `qingstor_` are ignored,
/// because programs pass their own options and those of other stores too. An unknown key with this prefix is an error.
/// Options take precedence over the [`Config`].
#[derive(Clone, Debug)]
pub struct QingStorStoreBuilder {
    config: Config,
    /// It may contain a password by mistake.
    url: Option<Secret>,
    bucket: Option<String>,
    conditional_writes: ConditionalWrites,
    /// Options by key, in lower case and without the prefix. Some of them are secrets.
    options: BTreeMap<String, Secret>,
}

impl Default for QingStorStoreBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl QingStorStoreBuilder {
    /// Creates a builder without settings: no access keys, and the default endpoint. It reads neither the environment nor
    /// a file.
    pub fn new() -> Self {
        Self {
            config: Config::anonymous(),
            url: None,
            bucket: None,
            conditional_writes: ConditionalWrites::default(),
            options: BTreeMap::new(),
        }
    }

    /// Creates a builder with the settings of the environment and the configuration file, which [`Config::load`] reads.
    ///
    /// # Errors
    ///
    /// The errors of [`Config::load`] as [`Error::Generic`](object_store::Error::Generic).
    pub fn load() -> Result<Self> {
        Ok(Self::new().with_config(Config::load().map_err(generic)?))
    }

    /// Sets the configuration of the client: access keys, endpoint, zone, retries, timeouts, proxy. Replaces an earlier one.
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets the name of the bucket.
    pub fn with_bucket_name(mut self, name: impl Into<String>) -> Self {
        self.bucket = Some(name.into());
        self
    }

    /// Sets bucket and prefix by a URL of the form `qingstor://bucket` or `qingstor://bucket/prefix`.
    ///
    /// The store is confined to the prefix: its locations are relative to it. If a program passes whole paths of URLs to
    /// the store, as DataFusion does, give it a URL without a prefix. [`build`](Self::build) checks the URL.
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(Secret::from(url));
        self
    }

    /// Sets the behaviour of writes on the condition that no object exists. Defaults to
    /// [`ConditionalWrites::NotImplemented`].
    pub fn with_conditional_writes(mut self, behaviour: ConditionalWrites) -> Self {
        self.conditional_writes = behaviour;
        self
    }

    /// Sets an [option](Self#options). Replaces an earlier value of the same option. [`build`](Self::build) checks it.
    pub fn with_option(mut self, key: impl AsRef<str>, value: impl Into<String>) -> Self {
        let key = key.as_ref().to_ascii_lowercase();
        if let Some(name) = key.strip_prefix(PREFIX) {
            self.options.insert(name.to_owned(), Secret::from(value));
        }
        self
    }

    /// Sets several [options](Self#options).
    pub fn with_options<K: AsRef<str>, V: Into<String>>(self, options: impl IntoIterator<Item = (K, V)>) -> Self {
        options.into_iter().fold(self, |builder, (key, value)| builder.with_option(key, value))
    }

    /// Creates the store. No request is sent.
    ///
    /// # Errors
    ///
    /// [`Error::Generic`](object_store::Error::Generic) if there is no bucket, if two settings name different buckets, if an
    /// option with the prefix `qingstor_` is unknown, or if a value is invalid. No error contains an access key.
    pub fn build(self) -> Result<QingStorStore> {
        let mut options = self.options;
        let mut conditional_writes = self.conditional_writes;
        if let Some(value) = options.remove(CONDITIONAL_WRITES) {
            conditional_writes = match value.expose() {
                "not_implemented" => ConditionalWrites::NotImplemented,
                "check_then_write" => ConditionalWrites::CheckThenWrite,
                other => {
                    return Err(generic(format!(
                        "{PREFIX}{CONDITIONAL_WRITES} is {other:?}, but must be not_implemented or check_then_write"
                    )));
                }
            };
        }
        let (in_url, prefix) = match &self.url {
            Some(url) => parse_url(url.expose()).map(|(bucket, prefix)| (Some(bucket), prefix))?,
            None => (None, Path::ROOT),
        };
        let in_options = options.remove(BUCKET).map(|name| name.expose().to_owned());
        let mut names = [in_options, self.bucket, in_url].into_iter().flatten().filter(|name| !name.is_empty());
        let name = names.next().ok_or_else(|| {
            generic(format!("no bucket: call `with_bucket_name` or `with_url`, or set the option {PREFIX}{BUCKET}"))
        })?;
        if let Some(other) = names.find(|other| *other != name) {
            return Err(generic(format!("two buckets are set: {name:?} and {other:?}")));
        }
        let settings = options.iter().map(|(key, value)| (key.as_str(), value.expose()));
        let config = self.config.apply_settings(settings).map_err(generic)?;
        let bucket = QingStor::new(config).map_err(generic)?.bucket(name, None);
        Ok(QingStorStore::new(bucket).with_prefix(prefix).with_conditional_writes(conditional_writes))
    }
}

/// Parses `qingstor://bucket/prefix`.
fn parse_url(text: &str) -> Result<(String, Path)> {
    // The URL may contain a password by mistake, so errors do not contain it.
    let invalid = |problem: &str| generic(format!("the URL {problem}; it must be like qingstor://bucket/prefix"));
    let url = Url::parse(text).map_err(|error| invalid(&format!("is invalid ({error})")))?;
    if url.scheme() != "qingstor" {
        return Err(invalid(&format!("has the scheme {:?}", url.scheme())));
    }
    let has_more = !url.username().is_empty()
        || url.password().is_some()
        || url.port().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if has_more {
        return Err(invalid("has a user, port, query or fragment: use options for settings"));
    }
    let bucket = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid("has no bucket"))?;
    let prefix = Path::from_url_path(url.path())
        .map_err(|error| invalid(&format!("has a prefix that {STORE} cannot use ({error})")))?;
    Ok((bucket.to_owned(), prefix))
}
