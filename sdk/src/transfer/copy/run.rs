//! From one object to another.

use std::sync::{Arc, PoisonError};

use super::{Copied, ObjectCopy};
use crate::error::{Error, Result};
use crate::transfer::cancelled::{Cancelled, or_cancelled};
use crate::transfer::checksum::parse_hex;
use crate::transfer::encryption::CustomerKey;
use crate::transfer::limits::LARGEST_SINGLE;
use crate::transfer::object_headers::{ObjectHeaders, copy_from};
use crate::transfer::pinned::{Pin, Readable};
use crate::transfer::plan::{PartPlan, PlannedPart, check_part_size};
use crate::transfer::progress::Meter;
use crate::transfer::stored::look_at_stored;
use crate::transfer::tasks::{both, for_each_part};
use crate::transfer::upload::{Completed, CompletedPart, MultipartUpload, begin, see_through};
use crate::{HeadObjectOutput, ObjectSource, PutObjectOutput};

pub(super) async fn run(copy: ObjectCopy) -> Result<Copied> {
    check_part_size(copy.part_size)?;
    if copy.concurrency == 0 {
        return Err(Error::invalid_input("concurrency: 0 parts at the same time would copy nothing; 1 is the least"));
    }
    if let Some(fault) = copy.source.fault() {
        return Err(Error::invalid_input(format!("source {fault}; nothing was sent")));
    }
    let mut cancelled = copy.cancelled.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (source, size) = or_cancelled(copy.look(), &mut cancelled, || false).await?;
    let meter = Meter::new(copy.on_progress.clone(), None);
    meter.update(|progress| progress.total_bytes = Some(size));
    if size <= copy.largest_single.min(LARGEST_SINGLE) {
        copy.at_once(&source, size, &meter, cancelled).await
    } else {
        copy.in_parts(&source, size, &meter, cancelled).await
    }
}

impl ObjectCopy {
    async fn look(&self) -> Result<(HeadObjectOutput, u64)> {
        let source = Readable {
            bucket: &self.bucket.neighbour(&self.source.bucket),
            key: &self.source.key,
            version_id: self.source.version_id.as_deref(),
            encryption: self.source_encryption.as_ref(),
        };
        source.look().await
    }

    fn headers(&self, source: &HeadObjectOutput) -> ObjectHeaders {
        ObjectHeaders {
            content_type: source.content_type.clone(),
            cache_control: source.cache_control.clone(),
            content_disposition: source.content_disposition.clone(),
            content_encoding: source.content_encoding.clone(),
            expires: source.expires.clone(),
            storage_class: self.storage_class.clone().or_else(|| source.storage_class.clone()),
            metadata: source.metadata.clone(),
            encryption: self.encryption.clone(),
        }
    }

    async fn at_once(
        &self,
        source: &HeadObjectOutput,
        size: u64,
        meter: &Meter,
        mut cancelled: Option<Cancelled>,
    ) -> Result<Copied> {
        // What describes the source is the server's to copy.
        let headers = ObjectHeaders {
            storage_class: self.headers(source).storage_class,
            encryption: self.encryption.clone(),
            ..ObjectHeaders::default()
        };
        let mut input = headers.put();
        copy_from!(input, self.source, Pin::of(source), self.source_encryption.as_ref());
        let copying = self.bucket.put_object(&self.key, input);
        let PutObjectOutput { etag, version_id, response, .. } =
            or_cancelled(copying, &mut cancelled, || false).await?;
        // It is there now, so nothing is cancelled any more.
        let stored = Readable { version_id: version_id.as_deref(), ..headers.stored(&self.bucket, &self.key) };
        let seen = look_at_stored(stored, size).await?.unwrap_or_default();
        meter.update(|progress| (progress.bytes, progress.parts) = (size, 1));
        Ok(Copied {
            key: self.key.clone(),
            size,
            etag: etag.or(seen.etag),
            version_id: version_id.or(seen.version_id),
            parts: 0,
            attempts: response.attempts,
        })
    }

    async fn in_parts(
        &self,
        source: &HeadObjectOutput,
        size: u64,
        meter: &Arc<Meter>,
        cancelled: Option<Cancelled>,
    ) -> Result<Copied> {
        let plan = PartPlan::new(size, self.part_size)?;
        meter.update(|progress| progress.total_parts = Some(plan.count()));
        let upload = begin(&self.bucket, &self.key, &self.headers(source), meter).await?;
        let completed = see_through(&upload, cancelled, async {
            let copying = self.copy_parts(&upload, Pin::of(source), plan);
            let (parts, before) = both(copying, upload.object_before()).await?;
            upload.complete(&parts, size, &before).await
        });
        let Completed { etag, version_id, .. } = completed.await?;
        let (parts, attempts) = (plan.count(), upload.attempts());
        Ok(Copied { key: self.key.clone(), size, etag, version_id, parts, attempts })
    }

    /// Copies the parts; in case of an error, only after none is under way any more does it return.
    async fn copy_parts(&self, upload: &Arc<MultipartUpload>, pin: Pin, plan: PartPlan) -> Result<Vec<CompletedPart>> {
        let upload = Arc::clone(upload);
        let (source, key) = (self.source.clone(), self.source_encryption.clone());
        // Who sees the upload through drops this when it is cancelled.
        let mut cancelled = None;
        let copying = for_each_part(plan.parts().collect(), self.concurrency, &mut cancelled, move |part| {
            let upload = Arc::clone(&upload);
            let (source, key, pin) = (source.clone(), key.clone(), pin.clone());
            async move { upload.copy_part(&part, &source, &pin, key.as_ref()).await }
        });
        let mut copied = copying.await?;
        copied.sort_by_key(|part| part.number);
        Ok(copied)
    }
}

impl MultipartUpload {
    async fn copy_part(
        &self,
        part: &PlannedPart,
        source: &ObjectSource,
        pin: &Pin,
        key: Option<&CustomerKey>,
    ) -> Result<CompletedPart> {
        let _under_way = self.part_under_way().await;
        let mut input = self.headers.part(&self.upload_id, part.number);
        copy_from!(input, source, pin, key);
        input.copy_range = Some(format!("bytes={}-{}", part.bytes.start, part.bytes.end - 1));
        let copied = self.bucket.upload_multipart(&self.key, input).await;
        self.count(copied.as_ref().map_or_else(Error::attempts, |output| output.response.attempts));
        let copied = copied.map_err(|error| error.of_part(&self.upload_id, part.number))?;
        let length = part.bytes.end - part.bytes.start;
        self.meter.update(|progress| {
            progress.bytes += length;
            progress.parts += 1;
        });
        // Named when the parts are put together, so that no other part comes in its place.
        let sum = copied.etag.as_deref().and_then(parse_hex);
        Ok(CompletedPart { number: part.number, length, sum })
    }
}
