//! The account: where everything begins.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::Bucket;
use crate::clock::Clock;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::endpoint::{AddressingStyle, Endpoint, Target};
use crate::error::{CallName, Error, Result};
use crate::key::check_key;
use crate::operation::{Operation, ServiceScope};
use crate::pagination::{ListedPlace, Paginated, Paginator};
use crate::presign::PresignedRequest;
use crate::request::{EncodedRequest, RequestEncoder};
use crate::retry::RetryConfig;
use crate::send::Call;
use crate::transport::Transport;

/// A client of one QingStor account.
///
/// It holds a pool of connections: make one and clone it, which is cheap, rather than making several.
///
/// ```no_run
/// # async fn run() -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::{Config, ListBucketsInput, QingStor};
///
/// let qingstor = QingStor::new(Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))?;
/// for bucket in qingstor.list_buckets(ListBucketsInput::new()).await?.buckets {
///     println!("{:?} in {:?}", bucket.name, bucket.location);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct QingStor {
    client: Arc<Client>,
}

#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) endpoint: Endpoint,
    pub(crate) zone: Option<String>,
    pub(crate) addressing_style: AddressingStyle,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) retry: RetryConfig,
    /// The server's time is the same for all that are made of one another.
    pub(crate) clock: Arc<Clock>,
    pub(crate) transport: Transport,
}

/// What a call addresses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Address<'a> {
    pub(crate) zone: Option<&'a str>,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
}

impl QingStor {
    /// Makes a client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the configuration contradicts itself or cannot be used.
    pub fn new(config: Config) -> Result<Self> {
        Client::new(config).map(|client| Self { client: Arc::new(client) })
    }

    /// A bucket by its name and the zone it is in, such as `pek3b`. Nothing is sent, and the bucket need not exist yet.
    ///
    /// An empty zone means the one of the [`Config`]; if that has none either, no zone is part of the host name, as it
    /// must be for endpoints that are not QingStor's own.
    ///
    /// Names are checked when they are used: a call on a bucket whose name or zone cannot be part of a URL fails with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput). QingStor's own rule for names, 6 to 63 lower-case
    /// letters, digits and dashes, is left to the server.
    pub fn bucket(&self, name: impl Into<String>, zone: impl Into<String>) -> Bucket {
        Bucket::new(Arc::clone(&self.client), name.into(), zone.into())
    }

    /// A URL and headers with which anyone can make this one request until `lifetime` is over, without the key pair.
    ///
    /// # Errors
    ///
    /// As for [`Bucket::presign_object`].
    pub fn presign<I>(&self, input: I, lifetime: Duration) -> Result<PresignedRequest>
    where
        I: Operation<Scope = ServiceScope>,
    {
        self.client.presign(input, Address::default(), lifetime)
    }

    /// All pages of a list that belongs to the account, such as that of its buckets. Nothing is sent yet.
    ///
    /// ```no_run
    /// # async fn run(qingstor: qingstor_sdk::QingStor) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::ListBucketsInput;
    ///
    /// let buckets = qingstor.paginate(ListBucketsInput::new()).items().into_vec().await?;
    /// println!("{} buckets", buckets.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn paginate<I>(&self, input: I) -> Paginator<I>
    where
        I: Paginated<Scope = ServiceScope>,
    {
        Paginator::new(ListedPlace::account(&self.client), input)
    }

    #[allow(dead_code, reason = "the specification decides what of this is used")]
    pub(crate) fn send<'a, I: Operation<Scope = ServiceScope>>(
        &'a self,
        input: I,
    ) -> impl Future<Output = Result<I::Output>> + Send + use<'a, I> {
        self.client.execute(input, Address::default())
    }
}

impl fmt::Debug for QingStor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QingStor").field("endpoint", &self.client.endpoint).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let settings = config.resolve()?;
        let transport = Transport::new(&settings)?;
        Ok(Self {
            user_agent: user_agent(settings.additional_user_agent.as_deref())?,
            endpoint: settings.endpoint,
            zone: settings.zone,
            addressing_style: settings.addressing_style,
            credentials: settings.credentials,
            retry: settings.retry,
            clock: Arc::default(),
            transport,
        })
    }

    /// Generic, and therefore short: what it calls is compiled once for all operations.
    /// Encodes the input at once: a future that had it, and then what becomes of it, would be as large as both.
    pub(crate) fn execute<'a, I: Operation>(
        &'a self,
        input: I,
        address: Address<'_>,
    ) -> impl Future<Output = Result<I::Output>> + Send + use<'a, I> {
        let sending = self.encode(input, address).map(|call| (Arc::clone(&call.name), self.send(call)));
        async move {
            let (name, sending) = sending?;
            let decoder = sending.await?;
            I::decode(decoder).map_err(|error| error.with_call(&name))
        }
    }

    pub(crate) fn encode<I: Operation>(&self, input: I, address: Address<'_>) -> Result<Call> {
        let name = call_name(I::SPEC.name, address);
        let mut encoder = RequestEncoder::new(&I::SPEC);
        input.encode(&mut encoder);
        let request = self.addressed(encoder, address).map_err(|error| error.with_call(&name))?;
        let (target, request) = request;
        Ok(Call { spec: I::SPEC, name: Arc::new(name), target, request })
    }

    pub(crate) fn zone_in_use<'a>(&'a self, given: Option<&'a str>) -> Option<&'a str> {
        given.filter(|zone| !zone.is_empty()).or(self.zone.as_deref())
    }

    fn addressed(&self, mut encoder: RequestEncoder, address: Address<'_>) -> Result<(Target, EncodedRequest)> {
        if let Some(Err(problem)) = address.key.map(check_key) {
            encoder.refuse("key", problem);
        }
        let request = encoder.finish(self.credentials.as_ref())?;
        let zone = self.zone_in_use(address.zone);
        // The configuration was checked when the client was made: what does not fit now came with the call.
        let target = self
            .endpoint
            .target(zone, address.bucket, address.key, self.addressing_style)
            .map_err(Error::into_invalid_input)?;
        Ok((target, request))
    }
}

fn call_name(operation: &'static str, address: Address<'_>) -> CallName {
    CallName { operation, bucket: address.bucket.map(str::to_owned), key: address.key.map(str::to_owned) }
}

fn user_agent(additional: Option<&str>) -> Result<HeaderValue> {
    let own = format!(
        "qingstor-sdk-rust/{} ({}; {})",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let text = match additional {
        Some(additional) => format!("{own} {additional}"),
        None => own,
    };
    HeaderValue::from_str(&text)
        .map_err(|error| Error::config("additional_user_agent must be printable ASCII").with_source(error))
}
