//! From one object to another.

use std::sync::{Arc, PoisonError};

use super::{Copied, ObjectCopy};
use crate::error::{Error, Result};
use crate::transfer::checksum::parse_hex;
use crate::transfer::encryption::CustomerKey;
use crate::transfer::limits::LARGEST_SINGLE;
use crate::transfer::object_headers::{ObjectHeaders, copy_from, encrypt};
use crate::transfer::plan::{PartPlan, PlannedPart, check_part_size};
use crate::transfer::progress::Meter;
use crate::transfer::tasks::for_each_part;
use crate::transfer::upload::{Cancelled, Completed, SentPart, Session, begin, or_cancelled, see_through};
use crate::{HeadObjectInput, HeadObjectOutput, ObjectSource};

pub(super) async fn run(copy: ObjectCopy) -> Result<Copied> {
    check_part_size(copy.part_size)?;
    if copy.concurrency == 0 {
        return Err(Error::invalid_input("concurrency: 0 parts at the same time would copy nothing; 1 is the least"));
    }
    let source = copy.look().await?;
    let size = source.content_length.unwrap_or(0);
    let meter = Meter::new(copy.on_progress.clone(), None);
    meter.update(|progress| progress.total_bytes = Some(size));
    let mut cancelled = copy.cancelled.lock().unwrap_or_else(PoisonError::into_inner).take();
    if size <= copy.largest_single.min(LARGEST_SINGLE) {
        or_cancelled(copy.at_once(&source, size, &meter), &mut cancelled, || false).await
    } else {
        copy.in_parts(&source, size, &meter, cancelled).await
    }
}

impl ObjectCopy {
    async fn look(&self) -> Result<HeadObjectOutput> {
        if let Some(fault) = self.source.fault() {
            return Err(Error::invalid_input(format!("source {fault}; nothing was sent")));
        }
        let mut input = HeadObjectInput::new();
        input.version_id.clone_from(&self.source.version_id);
        encrypt!(input, self.source_encryption.as_ref());
        self.bucket.neighbour(&self.source.bucket).head_object(&self.source.key, input).await
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

    async fn at_once(&self, source: &HeadObjectOutput, size: u64, meter: &Meter) -> Result<Copied> {
        // What describes the source is the server's to copy.
        let headers = ObjectHeaders {
            storage_class: self.headers(source).storage_class,
            encryption: self.encryption.clone(),
            ..ObjectHeaders::default()
        };
        let mut input = headers.put();
        copy_from!(input, self.source, self.source_encryption.as_ref());
        input.copy_source_if_match.clone_from(&source.etag);
        let output = self.bucket.put_object(&self.key, input).await?;
        meter.update(|progress| (progress.bytes, progress.parts) = (size, 1));
        Ok(Copied {
            key: self.key.clone(),
            size,
            etag: output.etag,
            version_id: output.version_id,
            parts: 0,
            attempts: output.response.attempts,
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
        let session = begin(&self.bucket, &self.key, &self.headers(source), meter).await?;
        let completed = see_through(&session, cancelled, async {
            let parts = self.copy_parts(&session, source.etag.as_deref(), plan).await?;
            session.complete(&parts, size).await
        });
        let Completed { etag, version_id, .. } = completed.await?;
        let (parts, attempts) = (plan.count(), session.attempts());
        Ok(Copied { key: self.key.clone(), size, etag, version_id, parts, attempts })
    }

    /// Copies the parts; in case of an error, only after none is under way any more does it return.
    async fn copy_parts(&self, session: &Arc<Session>, etag: Option<&str>, plan: PartPlan) -> Result<Vec<SentPart>> {
        let session = Arc::clone(session);
        let (source, key, etag) = (self.source.clone(), self.source_encryption.clone(), etag.map(str::to_owned));
        // Who sees the upload through drops this when it is cancelled.
        let mut cancelled = None;
        let copying = for_each_part(plan.parts().collect(), self.concurrency, &mut cancelled, move |part| {
            let session = Arc::clone(&session);
            let (source, key, etag) = (source.clone(), key.clone(), etag.clone());
            async move { session.copy_part(&part, &source, key.as_ref(), etag.as_deref()).await }
        });
        let mut copied = copying.await?;
        copied.sort_by_key(|part| part.number);
        Ok(copied)
    }
}

impl Session {
    async fn copy_part(
        &self,
        part: &PlannedPart,
        source: &ObjectSource,
        key: Option<&CustomerKey>,
        etag: Option<&str>,
    ) -> Result<SentPart> {
        let mut input = self.headers.part(&self.upload_id, part.number);
        copy_from!(input, source, key);
        input.copy_range = Some(format!("bytes={}-{}", part.bytes.start, part.bytes.end - 1));
        input.copy_source_if_match = etag.map(str::to_owned);
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
        Ok(SentPart { number: part.number, length, sum })
    }
}
