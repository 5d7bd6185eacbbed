//! Making an object of the parts, and knowing whether there is one.

use http::StatusCode;

use super::multipart::{CompletedPart, MultipartUpload};
use crate::error::{Error, ErrorKind, Result};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::PartsEtag;
use crate::{HeadObjectOutput, ListMultipartInput, Timestamp};

/// In seconds. A clock that is further off has its requests refused.
const LARGEST_CLOCK_ERROR: i64 = 15 * 60;

/// How often completion is asked for if it did not happen.
const MOST_ATTEMPTS: u32 = 4;

/// What the server has, once it has the object.
#[derive(Debug, Default)]
pub(crate) struct Completed {
    pub(crate) etag: Option<String>,
    /// None if no tag was asked for, or nobody may look.
    pub(crate) etag_kept: Option<bool>,
    pub(crate) version_id: Option<String>,
}

/// What is known of an upload whose completion was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Completed,
    /// It is not there any more, and nor is its object.
    Gone,
    Unknown,
}

enum State {
    Completed,
    Open,
    Lost,
    Unknown,
}

/// What there was under the key.
pub(crate) enum Before {
    Nothing,
    Object(Version),
    /// There was no answer, or nobody may know.
    Unknown,
}

/// What changes when an object is replaced.
#[derive(PartialEq, Eq)]
pub(crate) struct Version {
    id: Option<String>,
    etag: Option<String>,
    last_modified: Option<Timestamp>,
}

impl Version {
    fn of(object: &HeadObjectOutput) -> Self {
        Self { id: object.version_id.clone(), etag: object.etag.clone(), last_modified: object.last_modified }
    }
}

impl MultipartUpload {
    /// Completes the upload and looks whether the object is there, with `size` bytes.
    pub(crate) async fn complete(&self, parts: &[CompletedPart], size: u64, before: &Before) -> Result<Completed> {
        let sums: Option<Vec<Md5Sum>> = parts.iter().map(|part| part.sum).collect();
        let tag = sums.filter(|_| !self.is_encrypted()).map(|sums| PartsEtag::of(&sums));
        self.begin_completion();
        let mut attempt = 1;
        // Who died before this program may have asked for it too.
        let (mut may_be_complete, mut is_unanswered) = (self.is_resumed, false);
        while let Err(error) = self.ask_for_completion(parts, tag).await {
            let may_have_happened = may_have_happened(&error) || is_of_nobody(&error);
            let by_another = is_gone(&error) && attempt == 1;
            may_be_complete |= may_have_happened;
            is_unanswered |= may_have_happened && !is_answer(&error);
            let is_refused = !is_gone(&error) && !may_have_happened;
            let state = if is_refused {
                State::Open
            } else if may_be_complete {
                self.look(size, tag, before, by_another).await
            } else {
                // Whatever is there under the key is not of this upload.
                State::Lost
            };
            let fate = match state {
                State::Completed => break,
                State::Open if !is_refused && attempt < MOST_ATTEMPTS => {
                    tokio::time::sleep(self.bucket.retry().backoff(attempt)).await;
                    attempt += 1;
                    continue;
                }
                State::Open if !is_unanswered => None,
                // What a server was asked without an answer, it may be doing still.
                State::Open | State::Unknown => Some(Fate::Unknown),
                State::Lost => Some(Fate::Gone),
            };
            if let Some(fate) = fate {
                self.decide(fate);
            }
            return Err(error);
        }
        self.decide(Fate::Completed);
        self.verify(size, tag).await
    }

    fn decide(&self, fate: Fate) {
        // Only the first one counts, and there is only one.
        let _decided = self.fate.set(fate);
    }

    async fn ask_for_completion(&self, parts: &[CompletedPart], tag: Option<PartsEtag>) -> Result<()> {
        let mut input = self.headers.complete(&self.upload_id);
        input.object_parts = parts.iter().map(|part| part.listed(self.is_encrypted())).collect();
        input.etag = tag.map(|tag| tag.to_string());
        self.bucket.complete_multipart_upload(&self.key, input).await.map(drop)
    }

    /// What is there under the key before the upload is completed: a server may give the object a tag of its own, which
    /// does not tell it from that.
    pub(crate) async fn object_before(&self) -> Before {
        match self.bucket.head_object(&self.key, self.headers.head()).await {
            Ok(object) => Before::Object(Version::of(&object)),
            Err(error) if error.is_not_found() => Before::Nothing,
            Err(error) => {
                tracing::debug!(%error, "it is not known what was there before the upload is completed");
                Before::Unknown
            }
        }
    }

    async fn look(&self, size: u64, tag: Option<PartsEtag>, before: &Before, by_another: bool) -> State {
        self.state(size, tag, before, by_another).await.unwrap_or_else(|error| {
            let upload_id = &self.upload_id;
            tracing::warn!(upload_id, %error, "it could not be found out whether the upload is complete");
            State::Unknown
        })
    }

    /// Whether the upload was completed, after an answer that did not say; if so, possibly `by_another` program.
    async fn state(&self, size: u64, tag: Option<PartsEtag>, before: &Before, by_another: bool) -> Result<State> {
        let input = ListMultipartInput::new(&self.upload_id).limit(1);
        match self.bucket.list_multipart(&self.key, input).await {
            Ok(_) => return Ok(State::Open),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
        let object = match self.bucket.head_object(&self.key, self.headers.head()).await {
            Ok(object) => object,
            Err(error) if error.is_not_found() => return Ok(State::Lost),
            Err(error) => return Err(error),
        };
        if object.content_length.is_some_and(|length| length != size) {
            return Ok(State::Lost);
        }
        // What was there before the upload is older.
        let is_later = was_made_after(&object, self.begun);
        let stored = object.etag.as_deref().and_then(PartsEtag::parse);
        let is_equal = tag.is_some() && tag == stored;
        Ok(match before {
            Before::Object(before) if *before == Version::of(&object) => match (is_equal, by_another) {
                _ if !is_later => State::Lost,
                // Another made it of these parts before it was looked at for the first time.
                (true, true) => State::Completed,
                (false, false) => State::Lost,
                // It may be so, or it was replaced by its like in the same second.
                (false, true) | (true, false) => State::Unknown,
            },
            _ if is_equal => State::Completed,
            // That of other parts, or one of the server's own.
            _ if tag.is_some() && stored.is_some() => State::Unknown,
            Before::Nothing | Before::Object(_) => State::Completed,
            Before::Unknown => State::Unknown,
        })
    }

    async fn verify(&self, size: u64, tag: Option<PartsEtag>) -> Result<Completed> {
        let stored = self.headers.stored(&self.bucket, &self.key);
        let Some(object) = stored.verify_stored(size).await? else {
            return Ok(Completed::default());
        };
        let HeadObjectOutput { etag: stored, version_id, .. } = object;
        let etag_kept = tag.map(|tag| stored.as_deref().and_then(PartsEtag::parse) == Some(tag));
        if etag_kept == Some(false) {
            tracing::debug!(upload_id = self.upload_id, "the server made an ETag of its own");
        }
        Ok(Completed { etag: stored, etag_kept, version_id })
    }
}

/// Whether an object may have been made by an upload that was begun then.
pub(super) fn was_made_after(object: &HeadObjectOutput, begun: Timestamp) -> bool {
    object.last_modified.is_some_and(|at| at.as_unix() >= begun.as_unix() - LARGEST_CLOCK_ERROR)
}

/// Whether the server does not know the upload.
fn is_gone(error: &Error) -> bool {
    error.code() == Some("upload_not_exists")
}

/// Whether it says that there is nothing, and not what there is not: so does a proxy that has no way to the server.
fn is_of_nobody(error: &Error) -> bool {
    error.is_not_found() && error.code().is_none()
}

/// Whether it is the server's, and not that of a gateway which did not wait for it.
fn is_answer(error: &Error) -> bool {
    let gateways = [StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT];
    error.kind() == ErrorKind::Service && !error.status().is_some_and(|status| gateways.contains(&status))
}

/// Whether the server may have done what it was told although there was an error.
pub(crate) fn may_have_happened(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::UnexpectedResponse => !error.is_unsent(),
        ErrorKind::Service => {
            error.status().is_some_and(|status| status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
        }
        _ => false,
    }
}
