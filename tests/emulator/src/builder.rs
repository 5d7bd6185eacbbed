//! What an emulator can be told before it starts.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use http::StatusCode;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use crate::Emulator;
use crate::access::Access;
use crate::access_log::AccessLog;
use crate::address::Hosts;
use crate::authenticate::Authenticator;
use crate::clock::Clock;
use crate::credentials::KeyPair;
use crate::emulator::Control;
use crate::faults::{FaultPlan, Faults};
use crate::listening::Listening;
use crate::operations::Operations;
use crate::server::Server;
use crate::service::Service;
use crate::store::{BucketInfo, Store};

/// The access key id of an emulator that was given none.
pub const DEFAULT_ACCESS_KEY_ID: &str = "EMULATORACCESSKEYID";
/// The secret access key of an emulator that was given none. It is no secret.
pub const DEFAULT_SECRET_ACCESS_KEY: &str = "emulator-secret-access-key";
/// The zone of an emulator that was given none.
pub const DEFAULT_ZONE: &str = "pek3a";

/// Settings of an [`Emulator`]; each has a default.
#[derive(Clone)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    listen: String,
    key_pairs: Vec<KeyPair>,
    zone: String,
    data_dir: Option<PathBuf>,
    buckets: Vec<String>,
    base_hosts: Vec<String>,
    allow_tiny_parts: bool,
    allow_anonymous: bool,
    clock_offset: i64,
    upload_not_exists_status: u16,
    refuse_chunked: bool,
    faults: FaultPlan,
    access_log: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            key_pairs: Vec::new(),
            zone: DEFAULT_ZONE.to_owned(),
            data_dir: None,
            buckets: Vec::new(),
            base_hosts: Vec::new(),
            allow_tiny_parts: false,
            allow_anonymous: false,
            clock_offset: 0,
            upload_not_exists_status: 404,
            refuse_chunked: false,
            faults: FaultPlan::new(),
            access_log: None,
        }
    }
}

// By hand, so that a new setting has to be thought about before it is shown.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("key_pairs", &self.key_pairs)
            .field("zone", &self.zone)
            .field("data_dir", &self.data_dir)
            .field("buckets", &self.buckets)
            .field("base_hosts", &self.base_hosts)
            .field("allow_tiny_parts", &self.allow_tiny_parts)
            .field("allow_anonymous", &self.allow_anonymous)
            .field("clock_offset", &self.clock_offset)
            .field("upload_not_exists_status", &self.upload_not_exists_status)
            .field("refuse_chunked", &self.refuse_chunked)
            .field("faults", &self.faults)
            .field("access_log", &self.access_log)
            .finish()
    }
}

impl Builder {
    /// Where to listen, as `host:port`; port 0 stands for any free one. Default: `127.0.0.1:0`.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// Accepts a key pair. May be called several times; the first pair is the one the emulator names as its own.
    /// Default: [`DEFAULT_ACCESS_KEY_ID`] and [`DEFAULT_SECRET_ACCESS_KEY`].
    pub fn credentials(mut self, access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        self.key_pairs
            .push(KeyPair { access_key_id: access_key_id.into(), secret_access_key: secret_access_key.into() });
        self
    }

    /// The zone of buckets that are made without naming one. Default: [`DEFAULT_ZONE`].
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into().to_ascii_lowercase();
        self
    }

    /// Keeps the data in this directory, where the next emulator finds it again. Only one process may use it at a
    /// time. Default: a temporary directory that is removed with the emulator.
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(directory.into());
        self
    }

    /// Has a bucket of this name from the start, whatever its name: short ones are handy in tests, and the service
    /// would refuse to make them. May be called several times.
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.buckets.push(name.into());
        self
    }

    /// Also answers for `<bucket>.<zone>.<host>` and what can be left out of it, as for `localhost`, `qingstor.com`
    /// and `qsstor.com`. May be called several times.
    pub fn base_host(mut self, host: impl Into<String>) -> Self {
        self.base_hosts.push(host.into());
        self
    }

    /// Accepts parts below 4 MiB anywhere in an upload, so that tests of many parts need little data. Default: no.
    pub fn allow_tiny_parts(mut self, allow: bool) -> Self {
        self.allow_tiny_parts = allow;
        self
    }

    /// Lets objects be read and written without a signature, as if the ACL of every bucket granted that to everyone.
    /// Default: no.
    pub fn allow_anonymous(mut self, allow: bool) -> Self {
        self.allow_anonymous = allow;
        self
    }

    /// Shifts the server's clock by so many seconds, to try how a client copes with a wrong one. Default: 0.
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// The status of `upload_not_exists`, 400 or 404: the service documents both, so clients have to go by the code.
    /// Default: 404.
    pub fn upload_not_exists_status(mut self, status: u16) -> Self {
        self.upload_not_exists_status = status;
        self
    }

    /// Refuses bodies sent in chunks instead of with a length, with the status 411: whether the service takes them is
    /// not documented. Default: no.
    pub fn refuse_chunked(mut self, refuse: bool) -> Self {
        self.refuse_chunked = refuse;
        self
    }

    /// Misbehaves as this plan says. Default: a plan without rules.
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.faults = plan;
        self
    }

    /// Appends a line of JSON for each request to this file, once the request has ended in whatever way:
    ///
    /// ```json
    /// {"time":"2026-11-23T13:40:09.512Z","method":"PUT","target":"/b/k?part_number=0&upload_id=1","operation":
    ///  "UploadMultipart","status":null,"bytes_received":65536,"bytes_sent":0,"request_id":"5a…","fault":"reset_in_body"}
    /// ```
    ///
    /// `time` is when the request's head had arrived; `target` is as on the request line, but for `signature` and
    /// `access_key_id`; `operation` is null if there is none of that kind; `status` is null if no answer was sent;
    /// the bytes are those of the bodies that really went over the wire (of a body that was not taken to its end, what
    /// lies in buffers is missing); `fault` is only there if a rule of the plan hit the request. Default: no log.
    pub fn access_log(mut self, path: impl Into<PathBuf>) -> Self {
        self.access_log = Some(path.into());
        self
    }

    /// Starts the emulator on the current Tokio runtime. It is ready when this returns.
    ///
    /// # Errors
    ///
    /// If a setting or a rule for faults has no sense, the access log cannot be opened, the address cannot be listened on, or the data directory cannot be used, because
    /// another process uses it for example; the error says which.
    pub async fn start(self) -> io::Result<Emulator> {
        let upload_not_exists = match self.upload_not_exists_status {
            400 => StatusCode::BAD_REQUEST,
            404 => StatusCode::NOT_FOUND,
            other => {
                let message = format!("the status of upload_not_exists can be 400 or 404, not {other}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        };
        let mut key_pairs = self.key_pairs;
        if key_pairs.is_empty() {
            key_pairs.push(KeyPair {
                access_key_id: DEFAULT_ACCESS_KEY_ID.to_owned(),
                secret_access_key: DEFAULT_SECRET_ACCESS_KEY.to_owned(),
            });
        }
        let clock = Clock::with_offset(self.clock_offset.saturating_add(self.faults.clock_shift()));
        let faults = Arc::new(Faults::new(self.faults)?);
        let log = self.access_log.map(|path| {
            let what = format!("cannot write the access log {}", path.display());
            AccessLog::open(&path).map(Arc::new).map_err(|error| explain(error, &what))
        });
        let log = log.transpose()?;
        let listening = Listening::on(&self.listen, faults.need_small_buffers())
            .await
            .map_err(|error| explain(error, &format!("cannot listen on {}", self.listen)))?;
        let address = listening.address();
        let (zone, buckets) = (self.zone.clone(), self.buckets);
        let open = move || open(self.data_dir, buckets, zone, clock);
        let (store, directory) = spawn_blocking(open).await.map_err(io::Error::other)??;

        let service = Service {
            hosts: Hosts::new(&self.zone, &self.base_hosts),
            operations: Operations {
                authenticator: Authenticator { key_pairs: key_pairs.clone() },
                access: Access { allow_anonymous: self.allow_anonymous },
                store: Arc::new(store),
                zone: self.zone.clone(),
                allow_tiny_parts: self.allow_tiny_parts,
            },
            clock,
            upload_not_exists,
            refuse_chunked: self.refuse_chunked,
            faults: Arc::clone(&faults),
        };
        let (stop, stopped) = watch::channel(false);
        let (orders, received) = mpsc::channel(1);
        let server = Server { service: Arc::new(service), log };
        let running = tokio::spawn(server.serve(listening, received, stopped));
        Ok(Emulator::new(
            address,
            key_pairs.swap_remove(0),
            self.zone,
            faults,
            Control { stop, orders, running },
            directory,
        ))
    }
}

fn open(
    data_dir: Option<PathBuf>,
    buckets: Vec<String>,
    zone: String,
    clock: Clock,
) -> io::Result<(Store, Option<TempDir>)> {
    let (directory, temporary) = match data_dir {
        Some(directory) => (directory, None),
        None => {
            let temporary = TempDir::with_prefix("qingstor-emulator-")?;
            (temporary.path().to_owned(), Some(temporary))
        }
    };
    let store = Store::open(&directory).map_err(|error| {
        let what = format!("cannot use the data directory {}", directory.display());
        explain(error, &what)
    })?;
    for name in buckets {
        let info = BucketInfo { name, zone: zone.clone(), created: clock.now() };
        if store.bucket(&info.name).is_err() {
            store.create_bucket(info).map_err(|error| io::Error::other(error.message().to_owned()))?;
        }
    }
    Ok((store, temporary))
}

fn explain(error: io::Error, what: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
