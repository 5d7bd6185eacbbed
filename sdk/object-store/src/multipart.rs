//! Multipart uploads.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    Extensions, MultipartId, MultipartUpload, PutMultipartOptions, PutPayload, PutResult, Result, UploadPart,
};
use qingstor_sdk::Body;
use qingstor_sdk::operations::{AbortMultipartUploadInput, InitiateMultipartUploadInput, UploadMultipartInput};
use qingstor_sdk::types::ObjectPart;

use crate::error::{generic, store_error};
use crate::object::set_attributes;
use crate::store::QingStorStore;

/// A multipart upload. If it is dropped before it was completed or aborted, its parts stay on the server.
#[derive(Debug)]
struct QingStorUpload {
    target: Target,
    /// Number of the next part.
    next: usize,
    /// The parts that the server has stored.
    stored: Arc<Mutex<Vec<ObjectPart>>>,
}

/// A multipart upload on the server.
#[derive(Clone, Debug)]
struct Target {
    store: QingStorStore,
    location: Path,
    upload_id: MultipartId,
}

impl QingStorStore {
    /// Initiates a multipart upload.
    pub(crate) async fn start_upload(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload_id = self.create_multipart_opts(location, options).await?;
        let target = Target { store: self.clone(), location: location.clone(), upload_id };
        Ok(Box::new(QingStorUpload { target, next: 0, stored: Arc::default() }))
    }

    fn target(&self, location: &Path, upload_id: &MultipartId) -> Target {
        Target { store: self.clone(), location: location.clone(), upload_id: upload_id.clone() }
    }
}

impl Target {
    fn key(&self) -> String {
        self.store.key(&self.location)
    }

    async fn put_part(&self, index: usize, payload: PutPayload) -> Result<ObjectPart> {
        let number = u32::try_from(index).map_err(generic)?;
        let body = Body::from_chunks(payload);
        let mut part = ObjectPart::new(number).size(body.len());
        let input = UploadMultipartInput::new(&self.upload_id, number).body(body);
        let stored = self.store.bucket().upload_multipart(&self.key(), input).await;
        part.etag = stored.map_err(|error| store_error(&self.location, error))?.etag;
        Ok(part)
    }

    /// Completes the upload. The client finds out whether it was completed if the response is lost.
    async fn complete(&self, mut parts: Vec<ObjectPart>) -> Result<PutResult> {
        if parts.is_empty() {
            // The server refuses a completion without parts.
            parts.push(self.put_part(0, PutPayload::new()).await?);
        }
        let completed = self.store.bucket().complete_upload(&self.key(), &self.upload_id, parts).await;
        let completed = completed.map_err(|error| store_error(&self.location, error))?;
        Ok(PutResult { e_tag: completed.etag, version: completed.version_id, extensions: Extensions::new() })
    }

    async fn abort(&self) -> Result<()> {
        let input = AbortMultipartUploadInput::new(&self.upload_id);
        let aborted = self.store.bucket().abort_multipart_upload(&self.key(), input).await;
        aborted.map(drop).map_err(|error| store_error(&self.location, error))
    }
}

#[async_trait]
impl MultipartUpload for QingStorUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let (target, stored, index) = (self.target.clone(), Arc::clone(&self.stored), self.next);
        self.next += 1;
        Box::pin(async move {
            let part = target.put_part(index, payload).await?;
            stored.lock().unwrap_or_else(PoisonError::into_inner).push(part);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let mut parts = self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if parts.len() != self.next {
            let (stored, all, location) = (parts.len(), self.next, &self.target.location);
            return Err(generic(format!(
                "multipart upload of {location:?}: {stored} of {all} parts were uploaded: await all futures of `put_part` \
                 before `complete`, and abort the upload if one fails"
            )));
        }
        parts.sort_by_key(|part| part.part_number);
        self.target.complete(parts).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.target.abort().await
    }
}

#[async_trait]
impl MultipartStore for QingStorStore {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.create_multipart_opts(path, PutMultipartOptions::default()).await
    }

    async fn create_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<MultipartId> {
        let mut input = InitiateMultipartUploadInput::new();
        set_attributes!(input, options.attributes, "put_multipart_opts", self);
        let initiated = self.bucket().initiate_multipart_upload(&self.key(path), input).await;
        Ok(initiated.map_err(|error| store_error(path, error))?.upload_id)
    }

    /// Uploads a part. `part_idx` is at most 10,000. All parts but the last have at least 4 MiB.
    async fn put_part(&self, path: &Path, id: &MultipartId, part_idx: usize, payload: PutPayload) -> Result<PartId> {
        let part = self.target(path, id).put_part(part_idx, payload).await?;
        Ok(PartId { content_id: to_content_id(&part) })
    }

    async fn complete_multipart(&self, path: &Path, id: &MultipartId, parts: Vec<PartId>) -> Result<PutResult> {
        let parts: Result<_> = parts.iter().zip(0..).map(|(part, number)| from_content_id(number, part)).collect();
        self.target(path, id).complete(parts?).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.target(path, id).abort().await
    }
}

/// Returns the id of a part: its size and its ETag, both of which the completion needs.
fn to_content_id(part: &ObjectPart) -> String {
    format!("{}-{}", part.size.unwrap_or_default(), part.etag.as_deref().unwrap_or_default())
}

fn from_content_id(number: u32, part: &PartId) -> Result<ObjectPart> {
    let parse = |id: &str| {
        let (size, etag) = id.split_once('-')?;
        let mut part = ObjectPart::new(number).size(size.parse::<u64>().ok()?);
        part.etag = Some(etag.to_owned()).filter(|etag| !etag.is_empty());
        Some(part)
    };
    parse(&part.content_id).ok_or_else(|| {
        generic(format!("part {number}: {:?} is not an id that `put_part` of QingStorStore returned", part.content_id))
    })
}
