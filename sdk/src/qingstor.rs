//! The handle for an account.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Bucket;
use crate::client::{Address, Client, PresignedRequest};
use crate::config::Config;
use crate::error::Result;
use crate::operation::{Operation, ServiceScope};
use crate::pagination::{List, Paginated, Paginator};

/// A client for one QingStor account.
///
/// It owns a pool of connections that all clones share. Cloning is cheap, so create one client and clone it.
///
/// A client belongs to the Tokio runtime that first uses it, because tasks in this runtime serve the connections. If
/// the runtime is not running, a request in another runtime that is given one of its connections waits for
/// [`Config::idle_timeout`] before it is retried. Create a client for each runtime.
///
/// ```no_run
/// # async fn run() -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::operations::ListBucketsInput;
/// use qingstor_sdk::{Config, QingStor};
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

impl QingStor {
    /// Creates a client without sending a request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a value of the configuration is invalid or contradicts
    /// another one.
    pub fn new(config: Config) -> Result<Self> {
        Client::new(config).map(|client| Self { client: Arc::new(client) })
    }

    /// Returns a handle for a bucket without sending a request. The bucket does not have to exist yet.
    ///
    /// `zone` is the zone of the bucket, such as `"pek3b"`. If it is `None`, the zone of the [`Config`] is used. If
    /// that is unset too, requests go to the host of the endpoint without a zone before it, as endpoints other than
    /// QingStor's own require.
    ///
    /// The name and the zone are checked by the first call, which fails with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if one of them is empty or cannot be part of a URL.
    /// The server accepts names of 6 to 63 lower-case letters, digits and dashes; the client leaves this check to the
    /// server.
    ///
    /// ```
    /// # fn run() -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::{Config, QingStor};
    ///
    /// let qingstor = QingStor::new(Config::anonymous().zone("pek3b"))?;
    /// assert_eq!(qingstor.bucket("photos", "sh1a").zone(), Some("sh1a"));
    /// assert_eq!(qingstor.bucket("photos", None).zone(), None);
    /// # Ok(())
    /// # }
    /// # run().unwrap();
    /// ```
    pub fn bucket<'z>(&self, name: impl Into<String>, zone: impl Into<Option<&'z str>>) -> Bucket {
        Bucket::new(Arc::clone(&self.client), name.into(), zone.into())
    }

    /// Presigns a request for the account. Anyone who has the returned URL and headers can send it during `lifetime`,
    /// without the key pair.
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

    /// Returns a paginated list of the account, such as its buckets. The first request is sent when the first page or
    /// item is asked for.
    ///
    /// ```no_run
    /// # async fn run(qingstor: qingstor_sdk::QingStor) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::operations::ListBucketsInput;
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
        let list = List { client: Arc::clone(&self.client), zone: None, bucket: None, key: None };
        Paginator::new(list, input)
    }

    #[allow(dead_code, reason = "unused if the specification has no operations on the account")]
    pub(crate) fn send<I: Operation<Scope = ServiceScope>>(&self, input: I) -> impl Future<Output = Result<I::Output>> {
        self.client.execute(input, Address::default())
    }
}

impl fmt::Debug for QingStor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QingStor").field("endpoint", &self.client.endpoint).finish_non_exhaustive()
    }
}
