//! The handle of a bucket.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Timestamp;
use crate::client::{Address, Attempts, Client, PresignedRequest};
use crate::config::Endpoint;
use crate::error::{CallName, Result};
use crate::operation::{BucketScope, ObjectScope, Operation};
use crate::pagination::{List, Paginated, Paginator};

/// A handle of a bucket, on which most operations are called. [`QingStor::bucket`](crate::QingStor::bucket) creates it.
///
/// Cloning it is cheap; clones share the client's connections.
#[derive(Clone)]
pub struct Bucket {
    client: Arc<Client>,
    name: Arc<str>,
    zone: Option<Arc<str>>,
}

impl Bucket {
    pub(crate) fn new(client: Arc<Client>, name: String, zone: Option<&str>) -> Self {
        Self { client, name: name.into(), zone: zone.map(Arc::from) }
    }

    /// Returns the name of the bucket.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the zone that [`QingStor::bucket`](crate::QingStor::bucket) was given. `None` means the zone of the
    /// configuration.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Presigns an operation on the bucket itself, as [`presign_object`](Bucket::presign_object) does for objects.
    ///
    /// # Errors
    ///
    /// As for [`presign_object`](Bucket::presign_object).
    pub fn presign<I>(&self, input: I, lifetime: Duration) -> Result<PresignedRequest>
    where
        I: Operation<Scope = BucketScope>,
    {
        self.client.presign(input, self.address(None), lifetime)
    }

    /// Presigns one request on an object: everyone who has the returned URL and headers can send it during `lifetime`,
    /// without the key pair.
    ///
    /// Nothing is sent. Fractions of a second of `lifetime` are dropped. A body other than JSON is not part of the
    /// presigned request; the sender supplies it.
    ///
    /// ```
    /// # fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use std::time::Duration;
    /// use qingstor_sdk::operations::GetObjectInput;
    ///
    /// let link = bucket.presign_object("film.mp4", GetObjectInput::new(), Duration::from_secs(3600))?;
    /// println!("{}", link.url());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the key or the input is out of its limits, the
    /// lifetime is less than a second, or the operation sends a form; [`ErrorKind::Config`](crate::ErrorKind::Config) if the client is anonymous.
    ///
    /// Official documentation: <https://docs.qingcloud.com/qingstor/api/common/signature.html>
    pub fn presign_object<I>(&self, key: &str, input: I, lifetime: Duration) -> Result<PresignedRequest>
    where
        I: Operation<Scope = ObjectScope>,
    {
        self.client.presign(input, self.address(Some(key)), lifetime)
    }

    /// Returns a paginated list of the bucket, such as its objects. Nothing is sent before the first page is requested.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::operations::ListObjectsInput;
    ///
    /// let mut objects = bucket.paginate(ListObjectsInput::new().prefix("logs/")).items();
    /// while let Some(object) = objects.next().await {
    ///     println!("{}", object?.key);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn paginate<I>(&self, input: I) -> Paginator<I>
    where
        I: Paginated<Scope = BucketScope>,
    {
        Paginator::new(self.list(None), input)
    }

    /// Returns a paginated list of an object, such as the parts of an upload. Nothing is sent before the first page is
    /// requested.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::operations::ListMultipartInput;
    ///
    /// let parts = bucket.paginate_object("film.mp4", ListMultipartInput::new("upload_id"));
    /// for part in parts.items().into_vec().await? {
    ///     println!("{}", part.part_number);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn paginate_object<I>(&self, key: &str, input: I) -> Paginator<I>
    where
        I: Paginated<Scope = ObjectScope>,
    {
        Paginator::new(self.list(Some(key)), input)
    }

    fn list(&self, key: Option<&str>) -> List {
        List {
            client: Arc::clone(&self.client),
            zone: self.zone.clone(),
            bucket: Some(Arc::clone(&self.name)),
            key: key.map(Arc::from),
        }
    }

    #[allow(dead_code, reason = "the specification decides what of this is used")]
    pub(crate) async fn send<I: Operation<Scope = BucketScope>>(&self, input: I) -> Result<I::Output> {
        self.client.execute(self.attempts(), input, self.address(None)).await
    }

    #[allow(dead_code, reason = "the specification decides what of this is used")]
    pub(crate) async fn send_object<I: Operation<Scope = ObjectScope>>(
        &self,
        key: &str,
        input: I,
    ) -> Result<I::Output> {
        self.client.execute(self.attempts(), input, self.address(Some(key))).await
    }

    /// Like [`send_object`](Self::send_object), with attempts that count for more than this request.
    pub(crate) async fn send_object_within<'a, I: Operation<Scope = ObjectScope>>(
        &'a self,
        attempts: &mut Attempts<'a>,
        key: &str,
        input: I,
    ) -> Result<I::Output> {
        self.client.execute(attempts, input, self.address(Some(key))).await
    }

    #[cfg(feature = "bench")]
    pub(crate) fn outgoing<I: Operation<Scope = ObjectScope>>(
        &self,
        key: &str,
        input: I,
    ) -> Result<crate::client::Outgoing> {
        let call = self.client.encode(input, self.address(Some(key)))?;
        self.client.outgoing(&call, self.server_time())
    }

    /// Returns a handle of another bucket in the same zone.
    pub(crate) fn neighbour(&self, name: &str) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// Returns the name of a call on an object, which errors contain.
    pub(crate) fn call(&self, operation: &'static str, key: &str) -> CallName {
        CallName { operation, bucket: Some(self.name().to_owned()), key: Some(key.to_owned()) }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.client.endpoint
    }

    /// Returns the zone of the bucket, or else that of the configuration.
    pub(crate) fn zone_in_use(&self) -> Option<&str> {
        self.client.zone_in_use(self.zone())
    }

    /// Returns attempts for several requests that count as one.
    pub(crate) fn attempts(&self) -> Attempts<'_> {
        self.client.attempts()
    }

    /// Returns the time of the server: the clock of this machine, corrected if a server refused it.
    pub(crate) fn server_time(&self) -> Timestamp {
        self.client.clock.now()
    }

    fn address<'a>(&'a self, key: Option<&'a str>) -> Address<'a> {
        Address { zone: self.zone(), bucket: Some(&self.name), key }
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.name).field("zone", &self.zone).finish_non_exhaustive()
    }
}
