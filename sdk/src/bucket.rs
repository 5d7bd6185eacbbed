//! The handle for a bucket.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Timestamp;
use crate::client::{Address, Attempts, Client, PresignedRequest};
use crate::config::Endpoint;
use crate::error::{CallName, Result};
use crate::operation::{BucketScope, ObjectScope, Operation};
use crate::pagination::{List, Paginated, Paginator};

/// A handle for a bucket, with methods for the operations on the bucket and on its objects.
/// [`QingStor::bucket`](crate::QingStor::bucket) creates it.
///
/// Cloning is cheap. All clones share the connections of the client.
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

    /// Returns the zone that was passed to [`QingStor::bucket`](crate::QingStor::bucket), or `None` if requests use the
    /// zone of the configuration.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Presigns a request for the bucket itself, as [`presign_object`](Bucket::presign_object) does for an object.
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

    /// Presigns a request for an object. Anyone who has the returned URL and headers can send it during `lifetime`,
    /// without the access keys.
    ///
    /// `lifetime` is rounded down to whole seconds. If the body is JSON, [`PresignedRequest::body`] returns it, and it
    /// must be sent unchanged. Any other body of `input` is ignored; the sender chooses the body.
    ///
    /// ```
    /// # fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use std::time::Duration;
    /// use qingstor_sdk::operations::GetObjectInput;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let request = bucket.presign_object("film.mp4", GetObjectInput::new(), hour)?;
    /// println!("{}", request.url());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the key or the input violates a limit, if
    /// `lifetime` is shorter than a second, or if the operation sends a form.
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the client is anonymous.
    ///
    /// Official documentation: <https://docs.qingcloud.com/qingstor/api/common/signature.html>
    pub fn presign_object<I>(&self, key: &str, input: I, lifetime: Duration) -> Result<PresignedRequest>
    where
        I: Operation<Scope = ObjectScope>,
    {
        self.client.presign(input, self.address(Some(key)), lifetime)
    }

    /// Returns a paginated list of the bucket, such as its objects. The first request is sent when the first page or
    /// item is asked for.
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

    /// Returns a paginated list of an object, such as the parts of a multipart upload. The first request is sent when
    /// the first page or item is asked for.
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

    #[allow(dead_code, reason = "unused if the specification has no operations on buckets")]
    pub(crate) fn send<I: Operation<Scope = BucketScope>>(&self, input: I) -> impl Future<Output = Result<I::Output>> {
        self.client.execute(input, self.address(None))
    }

    #[allow(dead_code, reason = "unused if the specification has no operations on objects")]
    pub(crate) fn send_object<I: Operation<Scope = ObjectScope>>(
        &self,
        key: &str,
        input: I,
    ) -> impl Future<Output = Result<I::Output>> {
        self.client.execute(input, self.address(Some(key)))
    }

    /// Sends a request as [`send_object`](Self::send_object) does, and counts its attempts in `attempts`, which several
    /// requests of a transfer share. The body of the response is not resumed.
    pub(crate) async fn send_object_within<'a, I: Operation<Scope = ObjectScope>>(
        &'a self,
        attempts: &mut Attempts<'a>,
        key: &str,
        input: I,
    ) -> Result<I::Output> {
        self.client.execute_within(attempts, input, self.address(Some(key))).await
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

    /// Returns a handle for another bucket in the same zone.
    pub(crate) fn in_same_zone(&self, name: &str) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// Returns the description of a call on an object for errors.
    pub(crate) fn call_name(&self, operation: &'static str, key: &str) -> CallName {
        CallName { operation, bucket: Some(self.name().to_owned()), key: Some(key.to_owned()) }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.client.endpoint
    }

    /// Returns the zone of the bucket, or that of the configuration if the bucket has none.
    pub(crate) fn zone_in_use(&self) -> Option<&str> {
        self.client.zone_in_use(self.zone())
    }

    /// Returns the attempts that the configuration allows for one request, part or range.
    pub(crate) fn attempts(&self) -> Attempts<'_> {
        self.client.attempts()
    }

    /// Returns the local time, corrected by the server's clock if a signature was refused because of its date.
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
