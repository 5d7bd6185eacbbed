//! Resumes an interrupted upload from its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Uploaded;
use super::complete::{is_no_such_upload, was_made_after};
use super::multipart::MultipartUpload;
use super::parts::CompletedPart;
use super::run::Content;
use crate::Timestamp;
use crate::body::Fingerprint;
use crate::error::{Error, ErrorKind, Result, UploadState};
use crate::generated::operations::{HeadObjectOutput, ListMultipartInput};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::{PartsEtag, hex, parse_hex};
use crate::transfer::hashing::sums_of;
use crate::transfer::job::Job;
use crate::transfer::journal::{Journal, JournalFile, Transfer};
use crate::transfer::object_properties::{CustomerKey, ObjectProperties};
use crate::transfer::part_size::{MAX_PARTS, Part, PartLayout};
use crate::transfer::tasks::run_blocking;

pub(crate) type UploadJournal = JournalFile<UploadRecord>;

/// The upload that a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadRecord {
    upload_id: String,
    /// Time at which the upload was initiated. See [`MultipartUpload::initiated`].
    initiated: Timestamp,
    destination: Destination,
    source: SourceFile,
}

impl Transfer for UploadRecord {
    const KIND: &'static str = "upload";
    const ADVICE: &'static str = "remove the file and abort the upload, whose `upload_id` is in it";
}

/// Address and properties of the object. The server stores them when the upload is initiated, so a resumed upload cannot
/// change them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Destination {
    endpoint: String,
    zone: Option<String>,
    bucket: String,
    key: String,
    /// Properties that are set. A customer key is recorded as its MD5.
    properties: BTreeMap<String, String>,
}

/// The file that is uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SourceFile {
    /// Absolute path. Bytes that are not Unicode are replaced.
    path: String,
    #[serde(flatten)]
    fingerprint: Fingerprint,
}

/// Point at which an upload starts.
pub(super) enum Start {
    /// At the beginning. `is_restart` is true if there is a journal whose upload does not exist on the server any more.
    New { is_restart: bool },
    /// After the parts that the server has `stored`.
    Resumed { upload: Arc<MultipartUpload>, layout: PartLayout, stored: Vec<CompletedPart> },
    /// At the end: an earlier process died after it had completed the upload.
    Completed(Box<Uploaded>),
}

/// Locks the journal of the upload, if the caller asked for a checkpoint.
pub(super) async fn lock_journal(checkpoint: Option<PathBuf>, content: &Content) -> Result<Option<Arc<UploadJournal>>> {
    let Some(path) = checkpoint else { return Ok(None) };
    let source = content.path().to_owned();
    run_blocking(move || JournalFile::lock(path, &[&source], true)).await.map(|file| Some(Arc::new(file)))
}

/// Removes the journal of an upload that was completed or aborted.
pub(super) async fn remove_journal(file: Arc<UploadJournal>) {
    if let Err(error) = run_blocking(move || file.remove()).await {
        tracing::warn!(%error, "the upload has ended, but its checkpoint could not be removed");
    }
}

impl MultipartUpload {
    /// Writes the journal of an upload that was just initiated.
    pub(super) async fn start_journal(
        &self,
        file: Arc<UploadJournal>,
        content: &Content,
        part_size: u64,
    ) -> Result<()> {
        let record = UploadRecord {
            upload_id: self.upload_id.clone(),
            initiated: self.initiated,
            destination: Destination::new(&self.job),
            source: SourceFile::new(content),
        };
        run_blocking(move || file.start(Journal::new(record, part_size), None)).await
    }
}

impl Job {
    /// Reads the journal, if there is one, and compares it with the server.
    pub(super) async fn find_start(
        self: &Arc<Self>,
        file: Option<&Arc<UploadJournal>>,
        content: &Content,
    ) -> Result<Start> {
        let Some(file) = file else { return Ok(Start::New { is_restart: false }) };
        let reader = Arc::clone(file);
        let Some(journal) = run_blocking(move || reader.read()).await? else {
            return Ok(Start::New { is_restart: false });
        };
        let (upload_id, checkpoint) = (journal.transfer.upload_id.clone(), file.path().to_owned());
        let layout = match self.check(&checkpoint.display().to_string(), &journal, content) {
            Ok(layout) => layout,
            Err(error) => return Err(error.with_upload_state(&upload_id, UploadState::Refused { checkpoint })),
        };
        let resuming = self.resume(file, journal, layout, content);
        self.options
            .cancellation
            .unless_cancelled(resuming)
            .await
            .map_err(|error| error.with_upload_state(&upload_id, UploadState::Kept { checkpoint, unsaved: None }))
    }

    /// Returns the layout of the upload. Refuses a journal of another upload, or of a file that has changed.
    fn check(&self, checkpoint: &str, journal: &Journal<UploadRecord>, content: &Content) -> Result<PartLayout> {
        let record = &journal.transfer;
        if let Some(difference) = record.destination.difference(&Destination::new(self)) {
            return Err(Error::invalid_input(format!("the checkpoint {checkpoint} belongs to an upload {difference}")));
        }
        if let Some(change) = record.source.change(&SourceFile::new(content)) {
            return Err(Error::new(
                ErrorKind::Body,
                format!(
                    "the source has changed since the upload of the checkpoint {checkpoint} began: {change}. To start \
                     again, remove that file and abort the upload"
                ),
            ));
        }
        PartLayout::resumed(content.size(), journal.part_size).ok_or_else(|| {
            Error::invalid_input(format!(
                "the checkpoint {checkpoint} has a part size of {} bytes, with which {} bytes cannot be uploaded. To start \
                 again, remove that file and abort the upload",
                journal.part_size,
                content.size()
            ))
        })
    }

    /// Lists the parts on the server, and finds those whose bytes are still those of the source.
    async fn resume(
        self: &Arc<Self>,
        file: &Arc<UploadJournal>,
        mut journal: Journal<UploadRecord>,
        layout: PartLayout,
        content: &Content,
    ) -> Result<Start> {
        let listed = match self.list_parts(&journal.transfer.upload_id, layout).await {
            Ok(listed) => listed,
            Err(error) if is_no_such_upload(&error) => {
                let completed = self.find_completed(&journal, layout, content).await?;
                return Ok(
                    completed.map_or(Start::New { is_restart: true }, |uploaded| Start::Completed(uploaded.into()))
                );
            }
            Err(error) => return Err(error),
        };
        let stored = self.unchanged_parts(&journal, layout, listed, content).await?;
        let UploadRecord { upload_id, initiated, .. } = journal.transfer.clone();
        journal.parts.clear();
        for part in &stored {
            journal.parts.insert(part.number, part.sum.as_ref().map(hex));
        }
        file.resume(journal);
        let upload = MultipartUpload::new(Arc::clone(self), upload_id, initiated, true);
        Ok(Start::Resumed { upload: Arc::new(upload), layout, stored })
    }

    /// Returns the MD5s of the parts on the server that have the size of a part of the layout, by number. `None` stands
    /// for an ETag that is not an MD5.
    async fn list_parts(&self, upload_id: &str, layout: PartLayout) -> Result<BTreeMap<u32, Option<Md5Sum>>> {
        let sizes: BTreeMap<u32, u64> = layout.parts().map(|part| (part.number, part.len())).collect();
        let mut listing = self.bucket.paginate_object(&self.key, ListMultipartInput::new(upload_id)).items();
        let (mut parts, mut listed) = (BTreeMap::new(), 0);
        while let Some(part) = listing.next().await {
            let part = part?;
            listed += 1;
            if listed > MAX_PARTS {
                let message = format!("the list has more than {MAX_PARTS} parts, the maximum of an upload");
                let call = self.bucket.call_name("ListMultipart", &self.key);
                return Err(Error::unexpected_response(message).with_call(&call));
            }
            if part.size.is_some() && part.size == sizes.get(&part.part_number).copied() {
                parts.insert(part.part_number, part.etag.as_deref().and_then(parse_hex));
            }
        }
        Ok(parts)
    }

    /// Returns the listed parts whose bytes are those of the source.
    ///
    /// A part is not read again if its MD5 in the journal equals its ETag and the source file is untouched.
    async fn unchanged_parts(
        &self,
        journal: &Journal<UploadRecord>,
        layout: PartLayout,
        listed: BTreeMap<u32, Option<Md5Sum>>,
        content: &Content,
    ) -> Result<Vec<CompletedPart>> {
        let is_encrypted = self.properties.encryption.is_some();
        let is_untouched = journal.transfer.source.fingerprint.is_untouched(&content.fingerprint);
        let (mut unchanged, mut unknown) = (Vec::new(), Vec::new());
        for part in layout.parts() {
            let Some(stored) = listed.get(&part.number) else { continue };
            // The ETag of an encrypted part is not the MD5 of its bytes.
            let stored = stored.filter(|_| !is_encrypted);
            match (stored, journal.md5(part.number)) {
                (Some(stored), Some(sent)) if stored == sent && is_untouched => unchanged.push(completed(&part, sent)),
                (Some(expected), _) | (None, Some(expected)) => unknown.push((part, expected)),
                (None, None) => {}
            }
        }
        let sums = sums_of(unknown.iter().map(|(part, _)| content.region(part)).collect()).await?;
        let equal = unknown.iter().zip(sums).filter(|((_, expected), sum)| expected == sum);
        unchanged.extend(equal.map(|((part, _), sum)| completed(part, sum)));
        Ok(unchanged)
    }

    /// Finds out if an upload that does not exist on the server any more was completed, and returns its summary. Returns `None`
    /// if it was aborted.
    async fn find_completed(
        &self,
        journal: &Journal<UploadRecord>,
        layout: PartLayout,
        content: &Content,
    ) -> Result<Option<Uploaded>> {
        let Some(object) = self.object().find().await? else { return Ok(None) };
        let UploadRecord { upload_id, initiated, source, .. } = &journal.transfer;
        let has_size = object.content_length.is_none_or(|length| length == content.size());
        // An object that is older or has other properties was not created by this upload, even if it has the same bytes.
        let may_be_own = was_made_after(&object, *initiated) && self.properties.are_those_of(&object);
        let etag = object.etag.as_deref().and_then(PartsEtag::parse);
        // The source is read only if everything else matches.
        let Some(etag) = etag.filter(|etag| has_size && may_be_own && etag.count == layout.count()) else {
            return Ok(None);
        };
        let recorded: Option<Vec<Md5Sum>> = layout.parts().map(|part| journal.md5(part.number)).collect();
        let sums = match recorded.filter(|_| source.fingerprint.is_untouched(&content.fingerprint)) {
            Some(recorded) => recorded,
            None => sums_of(layout.parts().map(|part| content.region(&part)).collect()).await?,
        };
        if PartsEtag::of(&sums) != etag {
            return Ok(None);
        }
        let (size, parts) = (content.size(), layout.count());
        self.meter.update(|progress| {
            (progress.bytes, progress.resumed_bytes) = (size, size);
            (progress.parts, progress.total_parts) = (parts, Some(parts));
        });
        let HeadObjectOutput { etag, version_id, .. } = object;
        let upload_id = Some(upload_id.clone());
        let summary = Uploaded::new(self, size);
        Ok(Some(Uploaded { etag, etag_kept: Some(true), version_id, upload_id, parts, ..summary }))
    }
}

fn completed(part: &Part, sum: Md5Sum) -> CompletedPart {
    CompletedPart { number: part.number, length: part.len(), sum: Some(sum) }
}

impl SourceFile {
    fn new(content: &Content) -> Self {
        Self { path: content.path().to_string_lossy().into_owned(), fingerprint: content.fingerprint }
    }

    /// Describes how the file has changed. Returns `None` if it has not.
    fn change(&self, now: &Self) -> Option<String> {
        if self.path == now.path {
            self.fingerprint.difference(&now.fingerprint)
        } else {
            Some(format!("it was {} and is {}", self.path, now.path))
        }
    }
}

impl Destination {
    fn new(job: &Job) -> Self {
        // The pattern names every field: a field that is added to the struct causes a compile error here.
        let ObjectProperties {
            content_type,
            cache_control,
            content_disposition,
            content_encoding,
            expires,
            storage_class,
            metadata,
            encryption,
            // Only copies take over headers.
            are_taken_over: _,
        } = job.properties.clone();
        let properties = [
            ("content_type", content_type),
            ("cache_control", cache_control),
            ("content_disposition", content_disposition),
            ("content_encoding", content_encoding),
            ("expires", expires),
            ("storage_class", storage_class.map(|class| class.as_str().to_owned())),
            ("encryption", encryption.as_ref().map(CustomerKey::md5)),
        ];
        let properties = properties.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let metadata = metadata.into_iter().map(|(name, value)| (format!("metadata {name}"), value));
        Self {
            endpoint: job.bucket.endpoint().to_string(),
            zone: job.bucket.zone_in_use().map(str::to_ascii_lowercase),
            bucket: job.bucket.name().to_owned(),
            key: job.key.clone(),
            properties: properties.chain(metadata).collect(),
        }
    }

    /// Describes why an upload to this destination cannot continue to `now`. Returns `None` if both are equal.
    fn difference(&self, now: &Self) -> Option<String> {
        if (&self.endpoint, &self.zone, &self.bucket, &self.key) != (&now.endpoint, &now.zone, &now.bucket, &now.key) {
            let zone = self.zone.as_ref().map(|zone| format!(", zone {zone:?}")).unwrap_or_default();
            return Some(format!(
                "to key {:?} in bucket {:?} at {}{zone}: use another checkpoint file",
                self.key, self.bucket, self.endpoint
            ));
        }
        let names: BTreeSet<&str> = self.properties.keys().chain(now.properties.keys()).map(String::as_str).collect();
        let different: Vec<&str> =
            names.into_iter().filter(|name| self.properties.get(*name) != now.properties.get(*name)).collect();
        (!different.is_empty()).then(|| {
            format!(
                "that began with another value of {}, which the object would keep: set the earlier value, or remove that \
                 file and abort the upload to start again",
                different.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::options::TransferOptions;
    use crate::transfer::progress::Meter;
    use crate::types::StorageClass;
    use crate::{Config, QingStor};

    fn encrypted() -> ObjectProperties {
        ObjectProperties { encryption: Some(CustomerKey::aes256([7; 32])), ..ObjectProperties::default() }
    }

    fn destination<'z>(
        config: Config,
        zone: impl Into<Option<&'z str>>,
        key: &str,
        properties: &ObjectProperties,
    ) -> Destination {
        Destination::new(&Job {
            bucket: QingStor::new(config).unwrap().bucket("b", zone),
            key: key.to_owned(),
            properties: properties.clone(),
            options: TransferOptions::default(),
            meter: Meter::new(None, None),
        })
    }

    fn config() -> Config {
        Config::anonymous().endpoint("https://qingstor.com")
    }

    #[test]
    fn difference_names_every_property_that_differs() {
        let before = destination(config(), "pek3b", "k", &encrypted());
        assert_eq!(
            before.difference(&destination(config().zone("pek3b"), None, "k", &encrypted())),
            None,
            "the same zone"
        );
        for (now, expected) in [
            (destination(config(), "pek3b", "other", &encrypted()), "to key \"k\" in bucket \"b\""),
            (destination(config(), "sh1a", "k", &encrypted()), "at https://qingstor.com, zone \"pek3b\""),
            (
                destination(config().endpoint("https://qsstor.com"), "pek3b", "k", &encrypted()),
                "at https://qingstor.com",
            ),
            (destination(config(), "pek3b", "k", &ObjectProperties::default()), "another value of encryption,"),
        ] {
            let difference = before.difference(&now).unwrap();
            assert!(difference.contains(expected), "{difference}");
        }
        let text = || Some("x".to_owned());
        let all = ObjectProperties {
            content_type: text(),
            cache_control: text(),
            content_disposition: text(),
            content_encoding: text(),
            expires: text(),
            storage_class: Some(StorageClass::StandardIa),
            metadata: [("a".to_owned(), "b".to_owned())].into(),
            encryption: None,
            are_taken_over: false,
        };
        let names = "cache_control, content_disposition, content_encoding, content_type, encryption, expires, metadata a, \
                     storage_class,";
        let difference = before.difference(&destination(config(), "pek3b", "k", &all)).unwrap();
        assert!(difference.contains(names), "{difference}");
    }

    #[test]
    fn journal_does_not_contain_the_customer_key() {
        let recorded = serde_json::to_string(&destination(config(), "pek3b", "k", &encrypted())).unwrap();
        let key = CustomerKey::aes256([7; 32]).key();
        assert!(!recorded.contains(key.expose()), "{recorded}");
    }
}
