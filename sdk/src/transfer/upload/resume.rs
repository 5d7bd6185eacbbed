//! Resumes an upload from its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Uploaded;
use super::complete::{is_no_such_upload, was_made_after};
use super::multipart::{CompletedPart, MultipartUpload};
use super::run::Job;
use crate::body::{Fingerprint, Source};
use crate::error::{Error, ErrorKind, Result, UploadState};
use crate::generated::operations::{HeadObjectOutput, ListMultipartInput};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::{PartsEtag, parse_hex};
use crate::transfer::hashing::sums_of;
use crate::transfer::journal::{Journal, JournalFile, Transfer};
use crate::transfer::object_properties::{CustomerKey, ObjectProperties};
use crate::transfer::part_size::{Part, PartLayout};
use crate::transfer::tasks::run_blocking;
use crate::types::ObjectPart;
use crate::{Bucket, Timestamp};

pub(crate) type UploadJournal = JournalFile<UploadRecord>;

/// The upload that a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadRecord {
    upload_id: String,
    /// Time at which the upload was initiated, by the server's clock.
    initiated: Timestamp,
    destination: Destination,
    source: SourceFile,
}

impl Transfer for UploadRecord {
    const KIND: &'static str = "upload";
    const ADVICE: &'static str = "remove the file and abort the upload, whose `upload_id` is in it";
}

/// Address and properties of the object. The server records them when the upload is initiated, so a resumed upload cannot
/// change them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Destination {
    endpoint: String,
    zone: Option<String>,
    bucket: String,
    key: String,
    /// The properties that were set. Of an encryption key, its MD5.
    properties: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SourceFile {
    /// Absolute path. Bytes that are not Unicode are replaced.
    path: String,
    #[serde(flatten)]
    fingerprint: Fingerprint,
}

/// The point at which an upload with a journal starts.
pub(super) enum Start {
    /// At the beginning: there was no journal, or the server does not know its upload (`is_restart`).
    New { is_restart: bool },
    /// After the parts that the server has.
    Resumed { upload: Arc<MultipartUpload>, layout: PartLayout, parts: Vec<CompletedPart> },
    /// At the end: an earlier process died after it had completed the upload.
    Completed(Box<Uploaded>),
}

impl Job<'_> {
    pub(super) async fn lock_journal(&self) -> Result<Option<Arc<UploadJournal>>> {
        let Some(path) = self.options.checkpoint.clone() else { return Ok(None) };
        run_blocking(move || JournalFile::lock(path)).await.map(|file| Some(Arc::new(file)))
    }

    pub(super) async fn find_start(
        &self,
        file: Option<&Arc<UploadJournal>>,
        source: &Source,
        now: Fingerprint,
    ) -> Result<Start> {
        let Some(file) = file else { return Ok(Start::New { is_restart: false }) };
        let reader = Arc::clone(file);
        let Some(journal) = run_blocking(move || reader.read()).await? else {
            return Ok(Start::New { is_restart: false });
        };
        let layout = self.check(file.path(), &journal, source, now)?;
        let upload_id = journal.transfer.upload_id.clone();
        let found = self.options.cancellation.unless_cancelled(self.resume(file, journal, layout, source, now)).await;
        let kept = || UploadState::Kept { checkpoint: file.path().to_owned(), unsaved: None };
        found.map_err(|error| error.with_upload_state(&upload_id, kept()))
    }

    /// Returns the layout of the upload. Refuses a journal of another upload, or of a file that has changed.
    fn check(
        &self,
        path: &Path,
        journal: &Journal<UploadRecord>,
        source: &Source,
        now: Fingerprint,
    ) -> Result<PartLayout> {
        let checkpoint = path.display();
        let record = &journal.transfer;
        let destination = Destination::new(self.bucket, self.key, self.headers);
        let error = if let Some(difference) = record.destination.difference(&destination) {
            Error::invalid_input(format!("the checkpoint {checkpoint} belongs to an upload {difference}"))
        } else if let Some(change) = record.source.change(source, now) {
            let message = format!(
                "the source has changed since the upload of the checkpoint {checkpoint} began: {change}. To begin again, \
                 remove that file and abort the upload"
            );
            Error::new(ErrorKind::Body, message)
        } else if let Some(layout) = PartLayout::resumed(now.size, journal.part_size) {
            return Ok(layout);
        } else {
            Error::invalid_input(format!(
                "the checkpoint {checkpoint} has a part size of {} bytes, in which {} bytes cannot be uploaded. To begin \
                 again, remove that file and abort the upload",
                journal.part_size, now.size
            ))
        };
        Err(error.with_upload_state(&record.upload_id, UploadState::Refused { checkpoint: path.to_owned() }))
    }

    async fn resume(
        &self,
        file: &Arc<UploadJournal>,
        journal: Journal<UploadRecord>,
        layout: PartLayout,
        source: &Source,
        now: Fingerprint,
    ) -> Result<Start> {
        let upload_id = &journal.transfer.upload_id;
        let listing = self.bucket.paginate_object(self.key, ListMultipartInput::new(upload_id));
        let listed = match listing.items().into_vec().await {
            Ok(listed) => listed,
            Err(error) if is_no_such_upload(&error) => {
                return self.find_completed(&journal, &layout, source, now).await;
            }
            Err(error) => return Err(error),
        };
        let parts = self.unchanged_parts(&journal, &layout, listed, source, now).await?;
        let Journal { transfer, part_size, .. } = journal;
        let upload = MultipartUpload::resumed(
            self.bucket,
            self.key,
            transfer.upload_id.clone(),
            transfer.initiated,
            self.headers,
            self.meter,
        );
        let mut journal = Journal::new(transfer, part_size);
        for part in &parts {
            journal.record(part.number, part.sum.as_ref());
        }
        file.resume(journal);
        Ok(Start::Resumed { upload: Arc::new(upload), layout, parts })
    }

    /// Returns the parts on the server that hold what the source has now. Reads the source where the known digests do not
    /// tell.
    async fn unchanged_parts(
        &self,
        journal: &Journal<UploadRecord>,
        layout: &PartLayout,
        listed: Vec<ObjectPart>,
        source: &Source,
        now: Fingerprint,
    ) -> Result<Vec<CompletedPart>> {
        let is_encrypted = self.headers.encryption.is_some();
        let is_untouched = journal.transfer.source.fingerprint.is_untouched(&now);
        let listed: BTreeMap<u32, ObjectPart> = listed.into_iter().map(|part| (part.part_number, part)).collect();
        let (mut unchanged, mut unknown) = (Vec::new(), Vec::new());
        for part in layout.parts() {
            let Some(listed) = listed.get(&part.number).filter(|listed| listed.size == Some(length(&part))) else {
                continue;
            };
            // An encrypted part has another digest on the server.
            let stored = listed.etag.as_deref().filter(|_| !is_encrypted).and_then(parse_hex);
            match (stored, journal.md5(part.number)) {
                (Some(stored), Some(sent)) if stored == sent && is_untouched => unchanged.push(completed(&part, sent)),
                (Some(expected), _) | (None, Some(expected)) => unknown.push((part, expected)),
                (None, None) => {}
            }
        }
        let sums = sums_of(unknown.iter().map(|(part, _)| source.region(part.bytes.clone())).collect()).await?;
        let equal = unknown.iter().zip(sums).filter(|((_, expected), sum)| expected == sum);
        unchanged.extend(equal.map(|((part, _), sum)| completed(part, sum)));
        Ok(unchanged)
    }

    /// Finds out whether an upload that the server does not know was completed. If not, it was aborted.
    async fn find_completed(
        &self,
        journal: &Journal<UploadRecord>,
        layout: &PartLayout,
        source: &Source,
        now: Fingerprint,
    ) -> Result<Start> {
        let object = match self.bucket.head_object(self.key, self.headers.head()).await {
            Ok(object) => object,
            Err(error) if error.is_not_found() => return Ok(Start::New { is_restart: true }),
            Err(error) => return Err(error),
        };
        let has_size = object.content_length.is_none_or(|length| length == now.size);
        // An object of the same bytes may be older, or have other properties.
        let may_be_own = was_made_after(&object, journal.transfer.initiated) && self.headers.are_those_of(&object);
        let etag = object.etag.as_deref().and_then(PartsEtag::parse);
        // The source is read only if everything else fits.
        let Some(etag) = etag.filter(|etag| has_size && may_be_own && etag.count == layout.count()) else {
            return Ok(Start::New { is_restart: true });
        };
        let recorded: Option<Vec<Md5Sum>> = layout.parts().map(|part| journal.md5(part.number)).collect();
        let sums = match recorded.filter(|_| journal.transfer.source.fingerprint.is_untouched(&now)) {
            Some(recorded) => recorded,
            None => sums_of(layout.parts().map(|part| source.region(part.bytes)).collect()).await?,
        };
        if PartsEtag::of(&sums) != etag {
            return Ok(Start::New { is_restart: true });
        }
        let upload_id = journal.transfer.upload_id.clone();
        Ok(Start::Completed(Box::new(self.completed_before(upload_id, now.size, layout.count(), object))))
    }

    fn completed_before(&self, upload_id: String, size: u64, parts: u32, object: HeadObjectOutput) -> Uploaded {
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
            upload_id: Some(upload_id),
            parts,
            attempts: 0,
            retried_bytes: 0,
            resumed_bytes: size,
            restarted: false,
        }
    }

    /// Writes the journal of an upload that has just been initiated.
    pub(super) async fn start_journal(
        &self,
        file: Arc<UploadJournal>,
        upload: &MultipartUpload,
        source: &Source,
        fingerprint: Fingerprint,
        part_size: u64,
    ) -> Result<()> {
        let record = UploadRecord {
            upload_id: upload.upload_id.clone(),
            initiated: upload.begun,
            destination: Destination::new(self.bucket, self.key, self.headers),
            source: SourceFile { path: path_of(source), fingerprint },
        };
        run_blocking(move || file.start(Journal::new(record, part_size), None)).await
    }
}

/// Removes the journal of an upload that was completed or aborted.
pub(super) async fn remove_journal(file: Arc<UploadJournal>) {
    if let Err(error) = run_blocking(move || file.remove()).await {
        tracing::warn!(%error, "the upload has ended, and its checkpoint is left behind");
    }
}

fn length(part: &Part) -> u64 {
    part.bytes.end - part.bytes.start
}

fn completed(part: &Part, sum: Md5Sum) -> CompletedPart {
    CompletedPart { number: part.number, length: length(part), sum: Some(sum) }
}

fn path_of(source: &Source) -> String {
    source.path().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

impl SourceFile {
    /// Returns a description of what has changed, or `None` if it is the same file as before.
    fn change(&self, source: &Source, now: Fingerprint) -> Option<String> {
        let path = path_of(source);
        if path == self.path {
            self.fingerprint.difference(&now)
        } else {
            Some(format!("it was {} and is {path}", self.path))
        }
    }
}

impl Destination {
    fn new(bucket: &Bucket, key: &str, headers: &ObjectProperties) -> Self {
        let ObjectProperties {
            content_type,
            cache_control,
            content_disposition,
            content_encoding,
            expires,
            storage_class,
            metadata,
            encryption,
        } = headers.clone();
        let set = [
            ("content_type", content_type),
            ("cache_control", cache_control),
            ("content_disposition", content_disposition),
            ("content_encoding", content_encoding),
            ("expires", expires),
            ("storage_class", storage_class.map(|class| class.as_str().to_owned())),
            ("encryption", encryption.as_ref().map(CustomerKey::md5)),
        ];
        let metadata = metadata.into_iter().map(|(name, value)| (format!("metadata {name}"), value));
        Self {
            endpoint: bucket.endpoint().to_string(),
            zone: bucket.zone_in_use().map(str::to_ascii_lowercase),
            bucket: bucket.name().to_owned(),
            key: key.to_owned(),
            properties: set
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .chain(metadata)
                .collect(),
        }
    }

    /// Returns why an upload to this destination cannot continue to another one, or `None` if both are equal.
    fn difference(&self, now: &Self) -> Option<String> {
        if (&self.endpoint, &self.zone, &self.bucket, &self.key) != (&now.endpoint, &now.zone, &now.bucket, &now.key) {
            let zone = self.zone.as_ref().map(|zone| format!(", zone {zone:?}")).unwrap_or_default();
            return Some(format!(
                "to key {:?} in bucket {:?} at {}{zone}: name another file",
                self.key, self.bucket, self.endpoint
            ));
        }
        let names: BTreeSet<&str> = self.properties.keys().chain(now.properties.keys()).map(String::as_str).collect();
        let different: Vec<&str> =
            names.into_iter().filter(|name| self.properties.get(*name) != now.properties.get(*name)).collect();
        (!different.is_empty()).then(|| {
            format!(
                "that began with another value of {}, which the object would keep: set the earlier value, or remove that \
                 file and abort the upload to begin again",
                different.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::StorageClass;
    use crate::{Config, QingStor};

    fn headers() -> ObjectProperties {
        ObjectProperties { encryption: Some(CustomerKey::aes256([7; 32])), ..ObjectProperties::default() }
    }

    fn to<'z>(config: Config, zone: impl Into<Option<&'z str>>, key: &str, headers: &ObjectProperties) -> Destination {
        Destination::new(&QingStor::new(config).unwrap().bucket("b", zone), key, headers)
    }

    fn config() -> Config {
        Config::anonymous().endpoint("https://qingstor.com")
    }

    #[test]
    fn difference_names_every_property_that_differs() {
        let before = to(config(), "pek3b", "k", &headers());
        assert_eq!(before.difference(&to(config().zone("pek3b"), None, "k", &headers())), None, "the same zone");
        for (now, expected) in [
            (to(config(), "pek3b", "other", &headers()), "to key \"k\" in bucket \"b\""),
            (to(config(), "sh1a", "k", &headers()), "at https://qingstor.com, zone \"pek3b\""),
            (to(config().endpoint("https://qsstor.com"), "pek3b", "k", &headers()), "at https://qingstor.com"),
            (to(config(), "pek3b", "k", &ObjectProperties::default()), "another value of encryption,"),
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
        };
        let names = "cache_control, content_disposition, content_encoding, content_type, encryption, expires, metadata a, \
                     storage_class,";
        let difference = before.difference(&to(config(), "pek3b", "k", &all)).unwrap();
        assert!(difference.contains(names), "{difference}");
    }

    #[test]
    fn a_journal_does_not_contain_the_customer_key() {
        let recorded = serde_json::to_string(&to(config(), "pek3b", "k", &headers())).unwrap();
        let key = CustomerKey::aes256([7; 32]).key();
        assert!(!recorded.contains(key.expose()), "{recorded}");
    }
}
