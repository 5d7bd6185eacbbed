//! Going on where an upload that died was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Uploaded;
use super::complete::{is_no_such_upload, was_made_after};
use super::multipart::{CompletedPart, MultipartUpload};
use super::run::Job;
use crate::body::{Fingerprint, Source};
use crate::error::{Error, ErrorKind, Result, UploadState};
use crate::generated::operations::{HeadObjectOutput, ListMultipartInput};
use crate::md5_lanes::Md5Sum;
use crate::transfer::checkpoint_lock::CheckpointLock;
use crate::transfer::destination::Destination;
use crate::transfer::etag::{PartsEtag, parse_hex};
use crate::transfer::hashing::sums_of;
use crate::transfer::journal::{Checkpoint, CheckpointFile, SourceFile};
use crate::transfer::part_size::{Part, PartLayout};
use crate::transfer::tasks::stopped;
use crate::types::ObjectPart;

/// Where an upload with a checkpoint begins.
pub(super) enum Beginning {
    /// With nothing, because there was none, or because the server does not know it any more.
    New { was_gone: bool },
    /// With the parts that are there.
    Resumed { upload: Arc<MultipartUpload>, plan: PartLayout, parts: Vec<CompletedPart> },
    /// It was complete: the program died before it knew.
    Completed(Box<Uploaded>),
}

/// A part that the server has, as far as its size is right.
struct Candidate {
    part: Part,
    /// The server's sum, if it tells one.
    stored: Option<Md5Sum>,
    /// What was written down when it was sent.
    noted: Option<Md5Sum>,
}

impl Job<'_> {
    /// Keeps others from the checkpoint, if there is to be one.
    pub(super) async fn lock_checkpoint(&self) -> Result<Option<Arc<CheckpointLock>>> {
        let Some(path) = self.options.checkpoint.clone() else { return Ok(None) };
        let locking = tokio::task::spawn_blocking(move || CheckpointLock::of(&path));
        Ok(Some(Arc::new(locking.await.map_err(stopped)??)))
    }

    pub(super) async fn beginning(
        &self,
        lock: Option<Arc<CheckpointLock>>,
        source: &Source,
        now: Fingerprint,
    ) -> Result<Beginning> {
        let (Some(path), Some(lock)) = (&self.options.checkpoint, lock) else {
            return Ok(Beginning::New { was_gone: false });
        };
        let Some(checkpoint) = load(path.clone()).await? else {
            return Ok(Beginning::New { was_gone: false });
        };
        self.check(path, &checkpoint, source, now)?;
        let upload_id = checkpoint.upload_id.clone();
        let resumed =
            self.options.cancellation.unless_cancelled(self.resume(path, checkpoint, lock, source, now)).await;
        let kept = || UploadState::Kept { checkpoint: path.clone(), unsaved: None };
        resumed.map_err(|error| error.with_upload_state(&upload_id, kept()))
    }

    async fn resume(
        &self,
        path: &Path,
        mut checkpoint: Checkpoint,
        lock: Arc<CheckpointLock>,
        source: &Source,
        now: Fingerprint,
    ) -> Result<Beginning> {
        let plan = PartLayout::resumed(now.size, checkpoint.part_size).ok_or_else(|| {
            Error::invalid_input(format!(
                "the checkpoint {} has parts of {} bytes, which {} bytes cannot be uploaded in",
                path.display(),
                checkpoint.part_size,
                now.size
            ))
        })?;
        let listing = ListMultipartInput::new(&checkpoint.upload_id);
        let listed = match self.bucket.paginate_object(self.key, listing).items().into_vec().await {
            Ok(listed) => listed,
            Err(error) if is_no_such_upload(&error) => {
                return self.gone(checkpoint, &plan, source, now).await;
            }
            Err(error) => return Err(error),
        };
        let candidates = candidates(&plan, &checkpoint, &listed);
        let parts =
            self.those_that_are_right(candidates, source, checkpoint.source.fingerprint.is_untouched(&now)).await?;
        // What was found by reading need not be read again, and a part that is sent anew has the sum that it has now.
        checkpoint.know(parts.iter().filter_map(|part| Some((part.number, part.sum?))));
        let (upload_id, begun) = (checkpoint.upload_id.clone(), checkpoint.begun);
        let upload = MultipartUpload::resumed(self.bucket, self.key, upload_id, begun, self.headers, self.meter);
        let _first = upload.checkpoint.set(Some(Arc::new(CheckpointFile::there(path, checkpoint, lock))));
        Ok(Beginning::Resumed { upload: Arc::new(upload), plan, parts })
    }

    /// Has the parts of the upload noted from now on, if that is wanted.
    pub(super) async fn keep_checkpoint(
        &self,
        upload: &Arc<MultipartUpload>,
        lock: Option<Arc<CheckpointLock>>,
        source: &Source,
        fingerprint: Fingerprint,
        plan: PartLayout,
    ) -> Result<()> {
        let (Some(path), Some(lock), Some(file)) = (self.options.checkpoint.clone(), lock, source.path()) else {
            return Ok(());
        };
        let source = SourceFile { path: file.to_string_lossy().into_owned(), fingerprint };
        let destination = Destination::new(self.bucket, self.key, self.headers);
        let checkpoint = Checkpoint::new(destination, &upload.upload_id, upload.begun, source, plan.part_size());
        let upload = Arc::clone(upload);
        let creating = tokio::task::spawn_blocking(move || {
            let created = Arc::new(CheckpointFile::create(&path, checkpoint, lock)?);
            // It has the lock, which nobody else may have before the file is gone.
            let kept = Arc::clone(&created);
            // Dropped meanwhile, the upload is being aborted.
            if upload.checkpoint.set(Some(created)).is_err() { kept.remove() } else { Ok(()) }
        });
        creating.await.map_err(stopped)?
    }

    /// What was uploaded is there, and nothing is left to go on with.
    pub(super) async fn remove_checkpoint(&self, lock: Option<Arc<CheckpointLock>>) {
        let (Some(path), Some(lock)) = (self.options.checkpoint.clone(), lock) else { return };
        let removing = tokio::task::spawn_blocking(move || {
            // Who waits for it meanwhile may have another one there.
            let _alone = lock;
            Checkpoint::remove(&path)
        });
        if let Err(error) = removing.await.map_err(stopped).flatten() {
            tracing::warn!(%error, "what was uploaded is there, and its checkpoint too");
        }
    }

    fn completed_before(&self, checkpoint: &Checkpoint, object: HeadObjectOutput) -> Uploaded {
        let size = checkpoint.source.fingerprint.size;
        let parts = PartLayout::resumed(size, checkpoint.part_size).map_or(0, |plan| plan.count());
        self.meter.update(|progress| {
            (progress.bytes, progress.resumed_bytes) = (size, size);
            (progress.parts, progress.total_parts) = (parts, Some(parts));
        });
        Uploaded {
            key: self.key.to_owned(),
            size,
            etag: object.etag,
            etag_kept: Some(true),
            version_id: object.version_id,
            upload_id: Some(checkpoint.upload_id.clone()),
            parts,
            attempts: 0,
            retried_bytes: 0,
            resumed_bytes: size,
            restarted: false,
        }
    }

    fn check(&self, path: &Path, checkpoint: &Checkpoint, source: &Source, now: Fingerprint) -> Result<()> {
        let destination = Destination::new(self.bucket, self.key, self.headers);
        if let Some(difference) = checkpoint.destination.difference(&destination) {
            let message = format!("the checkpoint {} {difference}", path.display());
            return Err(Error::invalid_input(message)
                .with_upload_state(&checkpoint.upload_id, UploadState::Refused { checkpoint: path.to_owned() }));
        }
        let SourceFile { path: before, fingerprint } = &checkpoint.source;
        let difference = match source.path() {
            Some(path) if path.to_string_lossy() == before.as_str() => fingerprint.difference(&now),
            Some(path) => Some(format!("it was {before} and is {}", path.display())),
            None => None,
        };
        match difference {
            None => Ok(()),
            Some(difference) => Err(Error::new(
                ErrorKind::Body,
                format!(
                    "what is uploaded changed since the upload of checkpoint {} began: {difference}. To begin anew, remove \
                     that file and abort the upload",
                    path.display()
                ),
            )
            .with_upload_state(&checkpoint.upload_id, UploadState::Refused { checkpoint: path.to_owned() })),
        }
    }

    /// An upload that the server does not know was completed, or aborted.
    async fn gone(
        &self,
        checkpoint: Checkpoint,
        plan: &PartLayout,
        source: &Source,
        now: Fingerprint,
    ) -> Result<Beginning> {
        let object = match self.bucket.head_object(self.key, self.headers.head()).await {
            Ok(object) => object,
            Err(error) if error.is_not_found() => return Ok(Beginning::New { was_gone: true }),
            Err(error) => return Err(error),
        };
        let tag = object.etag.as_deref().and_then(PartsEtag::parse);
        let is_whole = object.content_length.is_none_or(|length| length == now.size);
        // The same bytes may have been there before, with other headers.
        let may_be_its_own = was_made_after(&object, checkpoint.begun) && self.headers.are_those_of(&object);
        // The source is only read if the object looks like what it was to become.
        let Some(tag) = tag.filter(|tag| is_whole && may_be_its_own && tag.count == plan.count()) else {
            return Ok(Beginning::New { was_gone: true });
        };
        let sums = self.sums_of_all(&checkpoint, plan, source, now).await?;
        if PartsEtag::of(&sums) == tag {
            Ok(Beginning::Completed(Box::new(self.completed_before(&checkpoint, object))))
        } else {
            Ok(Beginning::New { was_gone: true })
        }
    }

    /// The sums of all parts: those that were noted, if that tells what the source has now.
    async fn sums_of_all(
        &self,
        checkpoint: &Checkpoint,
        plan: &PartLayout,
        source: &Source,
        now: Fingerprint,
    ) -> Result<Vec<Md5Sum>> {
        let noted: Option<Vec<Md5Sum>> = plan.parts().map(|part| checkpoint.sum(part.number)).collect();
        if let Some(noted) = noted.filter(|_| checkpoint.source.fingerprint.is_untouched(&now)) {
            return Ok(noted);
        }
        sums_of(plan.parts().map(|part| source.region(part.bytes)).collect()).await
    }

    /// Those parts that hold what the source has now. The source is read where the sums that
    /// are known do not tell.
    async fn those_that_are_right(
        &self,
        candidates: Vec<Candidate>,
        source: &Source,
        is_untouched: bool,
    ) -> Result<Vec<CompletedPart>> {
        let is_encrypted = self.headers.encryption.is_some();
        let (mut right, mut open) = (Vec::new(), Vec::new());
        for Candidate { part, stored, noted } in candidates {
            // What is stored encrypted has another sum than what was sent.
            match (stored.filter(|_| !is_encrypted), noted) {
                (Some(stored), Some(noted)) if stored == noted && is_untouched => right.push(sent(&part, noted)),
                (Some(stored), _) => open.push((part, stored)),
                (None, Some(noted)) => open.push((part, noted)),
                (None, None) => {}
            }
        }
        let regions = open.iter().map(|(part, _)| source.region(part.bytes.clone())).collect();
        let sums = sums_of(regions).await?;
        let equal = open.iter().zip(sums).filter(|((_, expected), sum)| expected == sum);
        right.extend(equal.map(|((part, _), sum)| sent(part, sum)));
        Ok(right)
    }
}

fn sent(part: &Part, sum: Md5Sum) -> CompletedPart {
    CompletedPart { number: part.number, length: part.bytes.end - part.bytes.start, sum: Some(sum) }
}

fn candidates(plan: &PartLayout, checkpoint: &Checkpoint, listed: &[ObjectPart]) -> Vec<Candidate> {
    let listed: BTreeMap<u32, &ObjectPart> = listed.iter().map(|part| (part.part_number, part)).collect();
    let planned = plan.parts().filter_map(|part| {
        let listed = listed.get(&part.number)?;
        let stored = listed.etag.as_deref().and_then(parse_hex);
        let noted = checkpoint.sum(part.number);
        let is_whole = listed.size == Some(part.bytes.end - part.bytes.start);
        is_whole.then_some(Candidate { part, stored, noted })
    });
    planned.collect()
}

async fn load(path: PathBuf) -> Result<Option<Checkpoint>> {
    tokio::task::spawn_blocking(move || Checkpoint::load(&path)).await.map_err(stopped)?
}
