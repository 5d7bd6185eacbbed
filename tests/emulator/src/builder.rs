//! Settings of an emulator, and its start.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::StatusCode;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use crate::Emulator;
use crate::access_log::AccessLog;
use crate::address::Hosts;
use crate::authenticate::KeyPair;
use crate::clock::Clock;
use crate::faults::{FaultInjector, FaultPlan};
use crate::listener::Listener;
use crate::operations::Context;
use crate::server::serve;
use crate::service::Service;
use crate::store::{BucketInfo, Store};
use crate::variant::Variant;

/// Default access key id of an emulator.
pub const DEFAULT_ACCESS_KEY_ID: &str = "EMULATORACCESSKEYID";
/// Default secret access key of an emulator. It is public, so it protects nothing.
pub const DEFAULT_SECRET_ACCESS_KEY: &str = "emulator-secret-access-key";
/// Default zone of an emulator.
pub const DEFAULT_ZONE: &str = "pek3a";

/// Settings of an [`Emulator`]. Every setting has a default.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder has no effect until `start` is called"]
pub struct Builder {
    listen: Option<String>,
    key_pairs: Vec<KeyPair>,
    zone: Option<String>,
    data_dir: Option<PathBuf>,
    buckets: Vec<String>,
    base_hosts: Vec<String>,
    allow_tiny_parts: bool,
    allow_anonymous: bool,
    clock_offset: i64,
    upload_not_exists_status: Option<u16>,
    refuse_chunked: bool,
    variants: Vec<Variant>,
    faults: FaultPlan,
    access_log: Option<PathBuf>,
}

impl Builder {
    /// Sets the address to listen on, as `host:port`. With port 0, the operating system chooses a free port. Default:
    /// `127.0.0.1:0`.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// Accepts requests that are signed with this key pair. Further calls add pairs. [`Emulator::access_key_id`]
    /// returns the first one. Default: [`DEFAULT_ACCESS_KEY_ID`] and [`DEFAULT_SECRET_ACCESS_KEY`].
    pub fn credentials(mut self, access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        self.key_pairs
            .push(KeyPair { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into() });
        self
    }

    /// Sets the zone of a new bucket if the request that creates it names none. Default: [`DEFAULT_ZONE`].
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into().to_ascii_lowercase());
        self
    }

    /// Stores the data in this directory and keeps it when the emulator ends. Only one emulator at a time can use a
    /// directory. Default: a temporary directory that is deleted when the emulator is dropped.
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(directory.into());
        self
    }

    /// Creates a bucket when the emulator starts, if it does not exist. Any name is accepted, also a short one such as
    /// `b`, which the service would refuse. Further calls add buckets.
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.buckets.push(name.into());
        self
    }

    /// Recognizes bucket and zone in `<zone>.<host>`, `<bucket>.<host>` and `<bucket>.<zone>.<host>`, as for
    /// `localhost`, `qingstor.com` and `qsstor.com`. Further calls add hosts.
    pub fn base_host(mut self, host: impl Into<String>) -> Self {
        self.base_hosts.push(host.into());
        self
    }

    /// Accepts parts smaller than 4 MiB at any position of an upload, so that tests with many parts need little data.
    /// Default: false.
    pub fn allow_tiny_parts(mut self, allow: bool) -> Self {
        self.allow_tiny_parts = allow;
        self
    }

    /// Allows unsigned requests to read and write objects, as if the ACL of every bucket granted both to everyone.
    /// Default: false.
    pub fn allow_anonymous(mut self, allow: bool) -> Self {
        self.allow_anonymous = allow;
        self
    }

    /// Shifts the emulator's clock by this number of seconds, to test a client whose clock is wrong. Default: 0.
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// Sets the HTTP status of the error `upload_not_exists`: 400 or 404. QingStor documents both, so clients have to
    /// check the code. Default: 404.
    pub fn upload_not_exists_status(mut self, status: u16) -> Self {
        self.upload_not_exists_status = Some(status);
        self
    }

    /// Refuses chunked request bodies with status 411. QingStor does not document that it accepts them. Default: false.
    pub fn refuse_chunked(mut self, refuse: bool) -> Self {
        self.refuse_chunked = refuse;
        self
    }

    /// Turns on a behaviour other than the default, for a point that QingStor's documentation leaves open. Further
    /// calls add variants.
    pub fn variant(mut self, variant: Variant) -> Self {
        self.variants.push(variant);
        self
    }

    /// Injects the faults of this plan. Default: a plan without rules.
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.faults = plan;
        self
    }

    /// Appends a line of JSON to this file when a request has ended. Shown here on four lines:
    ///
    /// ```json
    /// {"time":"2026-11-23T13:40:09.512Z","method":"PUT",
    ///  "target":"/b/k?part_number=0&upload_id=1","operation":"UploadMultipart",
    ///  "status":null,"bytes_received":65536,"bytes_sent":0,
    ///  "request_id":"5a0cc1f1d3c2e4b7","fault":"reset_in_body"}
    /// ```
    ///
    /// - `time`: when the head of the request arrived, by the machine's clock.
    /// - `target`: path and query as on the request line. The values of `signature` and `access_key_id` are redacted.
    /// - `range`: present if the request has the header `Range`.
    /// - `operation`: null if the request matches no operation.
    /// - `status`: null if no response was sent.
    /// - `bytes_received`, `bytes_sent`: bytes of the request's and the response's body that were transferred. If a
    ///   body was not read to its end, bytes in buffers are not counted.
    /// - `fault`: the name of the injected fault. Present if a rule of the fault plan hit the request.
    ///
    /// Default: no log.
    pub fn access_log(mut self, path: impl Into<PathBuf>) -> Self {
        self.access_log = Some(path.into());
        self
    }

    /// Starts the emulator on the current Tokio runtime. It accepts connections when this method returns.
    ///
    /// # Errors
    ///
    /// If a setting or a rule of the fault plan is invalid, or if the access log, the address or the data directory
    /// cannot be used. The error names it and the reason.
    pub async fn start(self) -> io::Result<Emulator> {
        let upload_not_exists = match self.upload_not_exists_status {
            None | Some(404) => StatusCode::NOT_FOUND,
            Some(400) => StatusCode::BAD_REQUEST,
            Some(other) => {
                let message = format!("the status of upload_not_exists must be 400 or 404, not {other}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        };
        let listen = self.listen.as_deref().unwrap_or("127.0.0.1:0");
        let zone = self.zone.unwrap_or_else(|| DEFAULT_ZONE.to_owned());
        let mut key_pairs = self.key_pairs;
        if key_pairs.is_empty() {
            key_pairs.push(KeyPair {
                access_key_id: DEFAULT_ACCESS_KEY_ID.to_owned(),
                secret_access_key: DEFAULT_SECRET_ACCESS_KEY.to_owned(),
            });
        }
        let clock = Clock { offset_seconds: self.clock_offset.saturating_add(self.faults.clock_offset) };
        let faults = Arc::new(FaultInjector::new(self.faults)?);
        let log = self.access_log.map(|path| {
            let log = AccessLog::open(&path).map(Arc::new);
            log.map_err(|error| explain(error, &format!("cannot write the access log {}", path.display())))
        });
        let log = log.transpose()?;
        let listener = Listener::bind(listen, faults.needs_small_buffers())
            .await
            .map_err(|error| explain(error, &format!("cannot listen on {listen}")))?;
        let address = listener.address;
        let (buckets, data_dir, bucket_zone) = (self.buckets, self.data_dir, zone.clone());
        let open = move || open_store(data_dir, buckets, &bucket_zone, clock);
        let (store, directory) = spawn_blocking(open).await.map_err(io::Error::other)??;

        let service = Service {
            hosts: Hosts::new(&zone, &self.base_hosts),
            clock,
            faults: Arc::clone(&faults),
            context: Context {
                store: Arc::new(store),
                key_pairs: key_pairs.clone(),
                zone: zone.clone(),
                allow_anonymous: self.allow_anonymous,
                allow_tiny_parts: self.allow_tiny_parts,
                variants: self.variants,
            },
            upload_not_exists,
            refuse_chunked: self.refuse_chunked,
        };
        let (stop, stopped) = watch::channel(false);
        let (commands, received) = mpsc::channel(1);
        let server = tokio::spawn(serve(Arc::new(service), log, listener, received, stopped));
        let key_pair = key_pairs.swap_remove(0);
        Ok(Emulator { address, key_pair, zone, faults, stop, commands, server, _directory: directory })
    }
}

/// Opens the store and creates the buckets. Without a data directory, the store is in a temporary directory.
fn open_store(
    data_dir: Option<PathBuf>,
    buckets: Vec<String>,
    zone: &str,
    clock: Clock,
) -> io::Result<(Store, Option<TempDir>)> {
    let temporary = match data_dir {
        Some(_) => None,
        None => Some(TempDir::with_prefix("qingstor-emulator-")?),
    };
    let directory = data_dir.as_deref().or(temporary.as_ref().map(TempDir::path)).unwrap_or(Path::new(""));
    let store = Store::open(directory)
        .map_err(|error| explain(error, &format!("cannot use the data directory {}", directory.display())))?;
    for name in buckets {
        if store.bucket(&name).is_err() {
            let info = BucketInfo { name, zone: zone.to_owned(), created: clock.now() };
            store.create_bucket(info).map_err(|error| io::Error::other(error.message))?;
        }
    }
    Ok((store, temporary))
}

/// Prefixes the message of an error with its context.
fn explain(error: io::Error, context: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{context}: {error}"))
}
