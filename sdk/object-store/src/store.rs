//! The store.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::signer::{Method, Signer, Url};
use object_store::{
    CopyMode, CopyOptions, Error, Extensions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, RenameTargetMode, Result,
};
use qingstor_sdk::operations::{
    DeleteMultipleObjectsInput, DeleteMultipleObjectsOutput, DeleteObjectInput, GetObjectInput, HeadObjectInput,
    PutObjectInput,
};
use qingstor_sdk::types::ObjectSummary;
use qingstor_sdk::{Body, Bucket, ObjectSource};

use crate::error::{delete_error, generic, shared_error, store_error};
use crate::object::{byte_range, from_chrono, headers_of, returned_range, set_attributes};

/// Maximum number of objects that one request deletes.
const MAX_DELETED: usize = 1000;

/// Number of deletion requests in flight.
const CONCURRENT_DELETIONS: usize = 8;

/// A QingStor bucket, or the objects below a prefix of it, as an [`ObjectStore`].
///
/// It also implements [`MultipartStore`](object_store::multipart::MultipartStore),
/// [`PaginatedListStore`](object_store::list::PaginatedListStore) and [`Signer`]. Cloning is cheap, and all clones share
/// the connections of the client. [`QingStorStoreBuilder`](crate::QingStorStoreBuilder) creates a store from settings.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use object_store::ObjectStoreExt;
/// use object_store::path::Path;
/// use qingstor_object_store::QingStorStore;
/// use qingstor_sdk::{Config, QingStor};
///
/// let qingstor = QingStor::new(Config::load()?)?;
/// let store = QingStorStore::new(qingstor.bucket("my-bucket", "pek3b"));
/// store.put(&Path::from("data/hello.txt"), "Hello".into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct QingStorStore {
    bucket: Bucket,
    /// Prefix of all keys. The root if the store has the whole bucket.
    prefix: Path,
    conditional_writes: ConditionalWrites,
}

/// The behaviour of writes on the condition that no object exists: [`PutMode::Create`], [`CopyMode::Create`] and
/// [`RenameTargetMode::Create`].
///
/// QingStor has no such condition, and none on the version of an object. [`PutMode::Update`] is always
/// [`Error::NotImplemented`].
///
/// ```
/// # fn run(store: qingstor_object_store::QingStorStore) {
/// use qingstor_object_store::ConditionalWrites;
///
/// // This program is the only one that writes to the bucket.
/// let store = store.with_conditional_writes(ConditionalWrites::CheckThenWrite);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConditionalWrites {
    /// These writes fail with [`Error::NotImplemented`].
    #[default]
    NotImplemented,
    /// The store looks whether an object exists, and writes if there is none.
    ///
    /// **This is a race.** If two writers check at the same time, both write, and the later one replaces the object of the
    /// earlier one without an error. Use it only if a single writer writes to the location. It is not a lock, and it does
    /// not make commits of table formats such as Delta Lake or Iceberg safe for several writers.
    CheckThenWrite,
}

impl QingStorStore {
    /// Creates a store for a bucket.
    pub fn new(bucket: Bucket) -> Self {
        Self { bucket, prefix: Path::ROOT, conditional_writes: ConditionalWrites::default() }
    }

    /// Confines the store to the objects below a prefix. Locations are then relative to it. The default is the whole bucket.
    pub fn with_prefix(mut self, prefix: Path) -> Self {
        self.prefix = prefix;
        self
    }

    /// Sets the behaviour of writes on the condition that no object exists. Defaults to
    /// [`ConditionalWrites::NotImplemented`].
    pub fn with_conditional_writes(mut self, behaviour: ConditionalWrites) -> Self {
        self.conditional_writes = behaviour;
        self
    }

    /// Returns the bucket, for operations that object_store does not have.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Returns the prefix of all keys. It is the root if the store has the whole bucket.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Returns the key of the object at `location`.
    pub(crate) fn key(&self, location: &Path) -> String {
        match (self.prefix.as_ref(), location.as_ref()) {
            (prefix, "") => prefix.to_owned(),
            ("", key) => key.to_owned(),
            (prefix, key) => format!("{prefix}/{key}"),
        }
    }

    /// Returns the location of the object `key`, or `None` if no [`Path`] can hold it. For example, a path cannot end with a
    /// slash and has no empty segments.
    pub(crate) fn location(&self, key: &str) -> Option<Path> {
        let key = match self.prefix.as_ref() {
            "" => key,
            prefix => key.strip_prefix(prefix)?.strip_prefix('/')?,
        };
        Path::parse(key).ok().filter(|location| !key.is_empty() && location.as_ref() == key)
    }

    pub(crate) fn not_implemented(&self, operation: &str) -> Error {
        Error::NotImplemented { operation: operation.to_owned(), implementer: self.to_string() }
    }

    /// Returns an error if an object exists at `location`, or if the store does not check this.
    async fn check_vacant(&self, location: &Path, operation: &str) -> Result<()> {
        if self.conditional_writes == ConditionalWrites::NotImplemented {
            return Err(self.not_implemented(&format!(
                "`{operation}` on the condition that no object exists, without `ConditionalWrites::CheckThenWrite`"
            )));
        }
        match self.head(location).await {
            Ok(_) => {
                let path = location.to_string();
                Err(Error::AlreadyExists { path, source: "HeadObject found an object".into() })
            }
            Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn head_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut input = HeadObjectInput::new();
        input.version_id = options.version.clone();
        input.if_match = options.if_match.clone();
        input.if_none_match = options.if_none_match.clone();
        input.if_modified_since = options.if_modified_since.map(from_chrono);
        input.if_unmodified_since = options.if_unmodified_since.map(from_chrono);
        let output =
            self.bucket.head_object(&self.key(location), input).await.map_err(|error| store_error(location, error))?;
        let (meta, attributes) = match output.content_length {
            Some(size) => headers_of!(output).into_meta(location, size)?,
            None => {
                // The server may omit the length of an empty object, and so may a proxy for any object.
                let get = GetOptions { head: false, range: None, ..options.clone() };
                let GetResult { meta, attributes, .. } = self.get_opts(location, get).await?;
                (meta, attributes)
            }
        };
        let payload = GetResultPayload::Stream(stream::empty().boxed());
        let range = options.range.map_or(Ok(0..meta.size), |range| range.as_range(meta.size).map_err(generic))?;
        Ok(GetResult { payload, meta, range, attributes, extensions: Extensions::new() })
    }

    /// Deletes objects with one request and returns the results in the order of `locations`. An error among them is
    /// returned unchanged at its place.
    async fn delete_batch(self, locations: Vec<Result<Path>>) -> Vec<Result<Path>> {
        let keys: Vec<String> = locations.iter().flatten().map(|location| self.key(location)).collect();
        if keys.is_empty() {
            return locations;
        }
        let input = DeleteMultipleObjectsInput::new(keys.into_iter().map(ObjectSummary::new));
        let output = match self.bucket.delete_multiple_objects(input).await {
            Ok(output) => output,
            Err(error) => {
                let error = Arc::new(error);
                let failed = |location| Err(shared_error(&location, &error));
                return locations.into_iter().map(|location| location.and_then(failed)).collect();
            }
        };
        self.match_results(locations, output)
    }

    /// Returns the result of each location. The response lists the keys in any order.
    fn match_results(&self, locations: Vec<Result<Path>>, output: DeleteMultipleObjectsOutput) -> Vec<Result<Path>> {
        let deleted = output.deleted.into_iter().map(|object| (object.key, None));
        // An error takes precedence if the server also reports the object as deleted.
        let errors = output.errors.into_iter().map(|error| (error.key.clone(), Some(error)));
        let results: HashMap<_, _> = deleted.chain(errors).collect();
        let result = |location: Path| match results.get(&self.key(&location)) {
            Some(None) => Ok(location),
            Some(Some(error)) => Err(delete_error(&location, error)),
            None => Err(generic(format!("DeleteMultipleObjects: the response does not mention {location:?}"))),
        };
        locations.into_iter().map(|location| location.and_then(result)).collect()
    }
}

impl fmt::Display for QingStorStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QingStorStore({}", self.bucket.name())?;
        if !self.prefix.is_root() {
            write!(f, "/{}", self.prefix)?;
        }
        f.write_str(")")
    }
}

#[async_trait]
impl ObjectStore for QingStorStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        // The traits ask stores without tags to ignore them.
        let PutOptions { mode, tags: _, attributes, extensions: _ } = options;
        let mut input = PutObjectInput::new().body(Body::from_chunks(payload));
        set_attributes!(input, attributes, "put_opts", self);
        match mode {
            PutMode::Overwrite => {}
            PutMode::Create => self.check_vacant(location, "put_opts").await?,
            PutMode::Update(_) => return Err(self.not_implemented("`put_opts` with `PutMode::Update`")),
        }
        let output =
            self.bucket.put_object(&self.key(location), input).await.map_err(|error| store_error(location, error))?;
        Ok(PutResult { e_tag: output.etag, version: output.version_id, extensions: Extensions::new() })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.start_upload(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            return self.head_opts(location, options).await;
        }
        let mut input = GetObjectInput::new();
        input.range = options.range.as_ref().map(byte_range);
        input.version_id = options.version;
        input.if_match = options.if_match;
        input.if_none_match = options.if_none_match;
        input.if_modified_since = options.if_modified_since.map(from_chrono);
        input.if_unmodified_since = options.if_unmodified_since.map(from_chrono);
        let output =
            self.bucket.get_object(&self.key(location), input).await.map_err(|error| store_error(location, error))?;
        let (range, size) =
            returned_range(location, options.range.as_ref(), output.content_range.as_deref(), output.content_length)?;
        let body = output.body;
        let (meta, attributes) = headers_of!(output).into_meta(location, size)?;
        let of_body = location.clone();
        let payload = GetResultPayload::Stream(body.map_err(move |error| store_error(&of_body, error)).boxed());
        Ok(GetResult { payload, meta, range, attributes, extensions: Extensions::new() })
    }

    /// Deletes up to 1,000 objects with one request. The results have the order of `locations`. A location that does not
    /// exist counts as deleted.
    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .chunks(MAX_DELETED)
            .map(move |batch| store.clone().delete_batch(batch))
            .buffered(CONCURRENT_DELETIONS)
            .flat_map(stream::iter)
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_objects(prefix, None)
    }

    /// Lists objects with a location after `offset`. The request names `offset` as the marker, so the server leaves out the
    /// keys up to it.
    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_objects(prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.list_folder(prefix).await
    }

    /// Copies an object of any size on the server.
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if options.mode == CopyMode::Create {
            // A missing source is an error in either case, and it is the more useful one.
            self.head(from).await?;
            self.check_vacant(to, "copy_opts").await?;
        }
        let source = ObjectSource::new(self.bucket.name(), self.key(from));
        self.bucket.copy(source, self.key(to)).send().await.map(drop).map_err(|error| store_error(from, error))
    }

    /// Moves an object with one request to the server, after a HEAD of the source.
    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        if options.target_mode == RenameTargetMode::Create {
            self.head(from).await?;
            self.check_vacant(to, "rename_opts").await?;
        }
        self.bucket.rename(&self.key(from), &self.key(to)).await.map_err(|error| store_error(from, error))
    }
}

#[async_trait]
impl Signer for QingStorStore {
    /// Returns a URL with which anyone can send one request for the object, without the access keys.
    ///
    /// `method` is `GET`, `HEAD`, `PUT` or `DELETE`. `expires_in` is at least a second, and is rounded down to whole seconds.
    /// No request is sent.
    ///
    /// The request must not have the headers `Content-Type`, `Content-MD5` and `x-qs-…`, because the server includes them in
    /// the signature that it computes. Programs that upload with `PUT` often add `Content-Type`.
    /// [`Bucket::presign_object`] signs URLs for such headers.
    async fn signed_url(&self, method: Method, path: &Path, expires_in: Duration) -> Result<Url> {
        let key = self.key(path);
        let signed = match method {
            Method::GET => self.bucket.presign_object(&key, GetObjectInput::new(), expires_in),
            Method::HEAD => self.bucket.presign_object(&key, HeadObjectInput::new(), expires_in),
            Method::PUT => self.bucket.presign_object(&key, PutObjectInput::new(), expires_in),
            Method::DELETE => self.bucket.presign_object(&key, DeleteObjectInput::new(), expires_in),
            _ => {
                let source = format!("URLs can be signed for GET, HEAD, PUT and DELETE, but not for {method}").into();
                return Err(Error::NotSupported { source });
            }
        };
        let signed = signed.map_err(|error| store_error(path, error))?;
        // The URL contains a signature, so the error does not contain the URL.
        Url::parse(signed.url()).map_err(generic)
    }
}

#[cfg(test)]
mod tests {
    use qingstor_sdk::types::KeyDeleteError;
    use qingstor_sdk::{Config, QingStor};

    use super::*;

    fn store() -> QingStorStore {
        let account = QingStor::new(Config::anonymous()).unwrap();
        QingStorStore::new(account.bucket("bucket", None)).with_prefix(Path::from("p"))
    }

    #[test]
    fn results_of_a_deletion_are_matched_by_key() {
        let mut output = DeleteMultipleObjectsOutput::default();
        output.deleted = ["p/d", "p/a", "p/b"].map(ObjectSummary::new).to_vec();
        output.errors = vec![
            KeyDeleteError::new("p/missing").code("object_not_exists"),
            KeyDeleteError::new("p/b").code("permission_denied"),
            KeyDeleteError::new("p/c").code("internal_error").message("a\nb"),
        ];
        let locations = ["a", "b", "c", "d", "missing", "unmentioned", "a"].map(|name| Ok(Path::from(name)));
        let results = store().match_results(locations.into(), output);
        let texts: Vec<_> =
            results.iter().map(|result| result.as_ref().map_or_else(Error::to_string, Path::to_string)).collect();
        assert_eq!((texts[0].as_str(), texts[3].as_str(), texts[6].as_str()), ("a", "d", "a"));
        assert!(matches!(&results[1], Err(Error::PermissionDenied { path, .. }) if path == "b"), "{texts:?}");
        assert!(matches!(&results[2], Err(Error::Generic { .. })), "{texts:?}");
        assert!(
            texts[2].contains("\"p/c\"") && texts[2].contains("internal_error") && !texts[2].contains('\n'),
            "{texts:?}"
        );
        assert!(matches!(&results[4], Err(Error::NotFound { path, .. }) if path == "missing"), "{texts:?}");
        assert!(texts[5].contains("does not mention"), "{texts:?}");
    }

    #[test]
    fn locations_are_keys_below_the_prefix() {
        let store = store();
        assert_eq!(store.key(&Path::from("a/b")), "p/a/b");
        for (key, location) in [
            ("p/a/b", Some("a/b")),
            ("p/%2F", Some("%2F")),
            ("p", None),
            ("p/", None),
            ("p2/a", None),
            ("p/a/", None),
            ("p//a", None),
            ("p/../a", None),
        ] {
            assert_eq!(store.location(key), location.map(|path| Path::parse(path).unwrap()), "{key}");
        }
    }
}
