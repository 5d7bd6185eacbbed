//! Completes a multipart upload, and finds out what happened if the answer does not tell.
//!
//! `CompleteMultipartUpload` is not idempotent: after a timeout the server may or may not have created the object. The client
//! then gathers [`Evidence`] (is the upload still there, what is stored under the key), and [`judge`] decides.

use http::StatusCode;

use super::multipart::{CompletedPart, MultipartUpload};
use crate::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::generated::operations::{HeadObjectOutput, ListMultipartInput};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::PartsEtag;

/// In seconds. The server refuses requests from a clock that is further off.
const MAX_CLOCK_ERROR: i64 = 15 * 60;

/// The object that an upload was completed to.
#[derive(Debug, Default)]
pub(crate) struct Completed {
    pub(crate) etag: Option<String>,
    /// Unset if the client sent no ETag, or has no permission to look at the object.
    pub(crate) etag_kept: Option<bool>,
    pub(crate) version_id: Option<String>,
}

/// The result of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// This upload created the object.
    Completed,
    /// The upload is open, and completing it again is safe.
    Retry,
    /// The upload is open and stays so until it is aborted.
    Open,
    /// The upload does not exist, and the object under the key, if there is one, is not its own.
    Gone,
    /// The evidence does not tell. Aborting the upload could destroy an object that is being created.
    Unknown,
}

/// The answer to a completion request that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The server did not execute it, or it was not sent at all.
    Refused,
    /// The upload does not exist.
    NoSuchUpload,
    /// The server failed; or something that does not know QingStor's error codes, such as a proxy, answered 404.
    Failed,
    /// There was none, or only that of a gateway that did not wait: the server may still be executing it.
    None,
}

/// The state on the server after a completion that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// The answers tell enough.
    NotNeeded,
    /// The server did not answer the questions.
    NoAnswer,
    /// The upload exists.
    Upload,
    /// Neither the upload nor an object exists.
    Nothing,
    /// The upload does not exist, and there is an object.
    Object { has_size: bool, is_recent: bool, change: Change, etag: EtagMatch },
}

/// A comparison of the object with the one before the completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// It is another object, or there was none before.
    Changed,
    /// It is the same object: version, ETag and time are equal.
    Same,
    /// There was no answer before the completion.
    Unknown,
}

/// A comparison of the object's ETag with the one that belongs to the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EtagMatch {
    Ours,
    /// It is made of other parts, or has that form by accident.
    OfOtherParts,
    /// It is of another form, or the client knows none for the parts because they were not hashed or are encrypted.
    Incomparable,
}

/// Everything that the client knows after a completion that did not succeed.
#[derive(Debug)]
struct Evidence {
    /// True if an earlier process may have asked for the completion.
    is_resumed: bool,
    /// The answers to the completion requests so far, oldest first.
    answers: Vec<Answer>,
    /// True if the retry policy allows another request.
    can_retry: bool,
    seen: Seen,
}

impl Evidence {
    /// Returns true if the last answer does not tell, so that the client has to look at the server's state.
    fn is_open_question(&self) -> bool {
        let may_have_executed =
            self.is_resumed || self.answers.iter().any(|answer| matches!(answer, Answer::Failed | Answer::None));
        may_have_executed && self.answers.last() != Some(&Answer::Refused)
    }
}

/// Decides what a completion that did not succeed led to. The first row that fits counts.
///
/// | last answer | upload | object | size | changed | ETag | other condition | outcome |
/// | --- | --- | --- | --- | --- | --- | --- | --- |
/// | `Refused` | | | | | | a request has no answer | `Unknown` |
/// | `Refused` | | | | | | | `Open` |
/// | `NoSuchUpload` | not looked at: no request can have been executed | | | | | | `Gone` |
/// | any other | no answer | | | | | | `Unknown` |
/// | | exists | | | | | can be retried | `Retry` |
/// | | exists | | | | | a request has no answer | `Unknown` |
/// | | exists | | | | | | `Open` |
/// | | gone | none | | | | | `Gone` |
/// | | gone | exists | other | | | | `Gone` |
/// | | gone | exists | | no | | older than the upload | `Gone` |
/// | | gone | exists | | no | ours | the first request said `NoSuchUpload`: an earlier process completed it | `Completed` |
/// | | gone | exists | | no | ours | the object may have been replaced by its like within a second | `Unknown` |
/// | | gone | exists | | no | not ours | the first request said `NoSuchUpload`: an earlier process may have completed it | `Unknown` |
/// | | gone | exists | | no | not ours | | `Gone` |
/// | | gone | exists | | yes or unknown | ours | | `Completed` |
/// | | gone | exists | | yes or unknown | of other parts, or the server's own | | `Unknown` |
/// | | gone | exists | | yes | incomparable | | `Completed` |
/// | | gone | exists | | unknown | incomparable | | `Unknown` |
fn judge(evidence: &Evidence) -> Outcome {
    let Evidence { answers, can_retry, seen, .. } = evidence;
    // The server may still execute a request that it did not answer.
    let open = if answers.contains(&Answer::None) { Outcome::Unknown } else { Outcome::Open };
    if answers.last() == Some(&Answer::Refused) {
        return open;
    }
    match *seen {
        Seen::NotNeeded | Seen::Nothing | Seen::Object { has_size: false, .. } => Outcome::Gone,
        Seen::NoAnswer => Outcome::Unknown,
        Seen::Upload if *can_retry => Outcome::Retry,
        Seen::Upload => open,
        Seen::Object { change: Change::Same, is_recent: false, .. } => Outcome::Gone,
        Seen::Object { change: Change::Same, etag, .. } => {
            let was_gone_before = answers[..] == [Answer::NoSuchUpload];
            match (etag == EtagMatch::Ours, was_gone_before) {
                (true, true) => Outcome::Completed,
                (false, false) => Outcome::Gone,
                (true, false) | (false, true) => Outcome::Unknown,
            }
        }
        Seen::Object { etag: EtagMatch::Ours, .. } => Outcome::Completed,
        Seen::Object { etag: EtagMatch::OfOtherParts, .. } => Outcome::Unknown,
        Seen::Object { change: Change::Changed, .. } => Outcome::Completed,
        Seen::Object { change: Change::Unknown, .. } => Outcome::Unknown,
    }
}

/// The object under the key before the completion.
pub(super) enum Before {
    Nothing,
    Object(Version),
    /// There was no answer, or the client has no permission.
    Unknown,
}

/// The attributes that change when an object is replaced.
#[derive(PartialEq, Eq)]
pub(super) struct Version {
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
    /// Completes the upload and checks that the object has the size of the parts.
    ///
    /// Must not be cancelled: the server may be completing the upload.
    pub(super) async fn complete(&self, parts: &[CompletedPart], before: &Before) -> Result<Completed> {
        let size = parts.iter().map(|part| part.length).sum();
        let sums: Option<Vec<Md5Sum>> = parts.iter().map(|part| part.sum).collect();
        let expected_etag = sums.filter(|_| !self.is_encrypted()).map(|sums| PartsEtag::of(&sums));
        let mut attempts = self.bucket.attempts();
        let mut evidence =
            Evidence { is_resumed: self.is_resumed, answers: Vec::new(), can_retry: true, seen: Seen::NotNeeded };
        loop {
            let mut input = self.headers.complete(&self.upload_id);
            input.object_parts = parts.iter().map(|part| part.listed(self.is_encrypted())).collect();
            input.etag = expected_etag.map(|etag| etag.to_string());
            let Err(error) = self.bucket.send_object_within(&mut attempts, &self.key, input).await else { break };
            let wait = attempts.wait_after(&error);
            evidence.can_retry = wait.is_some();
            evidence.answers.push(classify(&error));
            if evidence.is_open_question() {
                evidence.seen = self.look(size, expected_etag, before).await.unwrap_or_else(|error| {
                    let upload_id = &self.upload_id;
                    tracing::warn!(upload_id, %error, "the client cannot find out whether the upload was completed");
                    Seen::NoAnswer
                });
            }
            match (judge(&evidence), wait) {
                (Outcome::Completed, _) => break,
                (Outcome::Retry, Some(wait)) => attempts.wait(wait, &error).await,
                (Outcome::Retry | Outcome::Open, _) => return Err(error),
                (outcome @ (Outcome::Gone | Outcome::Unknown), _) => {
                    self.set_outcome(outcome);
                    return Err(error);
                }
            }
        }
        self.set_outcome(Outcome::Completed);
        self.verify(size, expected_etag).await
    }

    fn set_outcome(&self, outcome: Outcome) {
        // It is set once, because an upload is completed once.
        let _first = self.outcome.set(outcome);
    }

    /// Looks at the object under the key before the completion. If the server gives objects an ETag of its own, this is what
    /// tells the new object from an old one.
    pub(super) async fn object_before(&self) -> Before {
        match self.bucket.head_object(&self.key, self.headers.head()).await {
            Ok(object) => Before::Object(Version::of(&object)),
            Err(error) if error.is_not_found() => Before::Nothing,
            Err(error) => {
                tracing::debug!(%error, "the object before the completion is unknown");
                Before::Unknown
            }
        }
    }

    async fn look(&self, size: u64, expected_etag: Option<PartsEtag>, before: &Before) -> Result<Seen> {
        let input = ListMultipartInput::new(&self.upload_id).limit(1);
        match self.bucket.list_multipart(&self.key, input).await {
            Ok(_) => return Ok(Seen::Upload),
            Err(error) if is_no_such_upload(&error) => {}
            Err(error) => return Err(error),
        }
        let object = match self.bucket.head_object(&self.key, self.headers.head()).await {
            Ok(object) => object,
            Err(error) if error.is_not_found() => return Ok(Seen::Nothing),
            Err(error) => return Err(error),
        };
        let change = match before {
            Before::Object(before) if *before == Version::of(&object) => Change::Same,
            Before::Object(_) | Before::Nothing => Change::Changed,
            Before::Unknown => Change::Unknown,
        };
        let etag = match (expected_etag, object.etag.as_deref().and_then(PartsEtag::parse)) {
            (Some(ours), Some(stored)) if ours == stored => EtagMatch::Ours,
            (Some(_), Some(_)) => EtagMatch::OfOtherParts,
            _ => EtagMatch::Incomparable,
        };
        Ok(Seen::Object {
            has_size: object.content_length.is_none_or(|length| length == size),
            is_recent: was_made_after(&object, self.begun),
            change,
            etag,
        })
    }

    async fn verify(&self, size: u64, expected_etag: Option<PartsEtag>) -> Result<Completed> {
        let stored = self.headers.stored(&self.bucket, &self.key);
        let Some(object) = stored.verify_stored(size).await? else {
            return Ok(Completed::default());
        };
        let HeadObjectOutput { etag: stored, version_id, .. } = object;
        let etag_kept = expected_etag.map(|expected| stored.as_deref().and_then(PartsEtag::parse) == Some(expected));
        if etag_kept == Some(false) {
            tracing::debug!(upload_id = self.upload_id, "the server made an ETag of its own");
        }
        Ok(Completed { etag: stored, etag_kept, version_id })
    }
}

/// Returns true if an upload that was initiated at `begun` may have created the object.
pub(super) fn was_made_after(object: &HeadObjectOutput, begun: Timestamp) -> bool {
    object.last_modified.is_some_and(|at| at.as_unix() >= begun.as_unix() - MAX_CLOCK_ERROR)
}

pub(super) fn is_no_such_upload(error: &Error) -> bool {
    error.code() == Some("upload_not_exists")
}

/// Returns true if the server may have executed the request that failed with `error`.
pub(super) fn may_have_executed(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::UnexpectedResponse => !error.is_unsent(),
        ErrorKind::Service => {
            error.status().is_some_and(|status| status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
        }
        _ => false,
    }
}

fn classify(error: &Error) -> Answer {
    let is_gateway = matches!(error.status(), Some(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT));
    let is_service = error.kind() == ErrorKind::Service;
    if may_have_executed(error) {
        if is_service && !is_gateway { Answer::Failed } else { Answer::None }
    } else if is_no_such_upload(error) {
        Answer::NoSuchUpload
    } else if error.is_not_found() && error.code().is_none() {
        Answer::Failed
    } else {
        Answer::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ServiceError;

    /// Builds evidence of a new upload, after one request, with no attempts left.
    fn evidence(answer: Answer, seen: Seen) -> Evidence {
        Evidence { is_resumed: false, answers: vec![answer], can_retry: false, seen }
    }

    fn object(change: Change, etag: EtagMatch) -> Seen {
        Seen::Object { has_size: true, is_recent: true, change, etag }
    }

    #[test]
    fn judge_follows_the_table() {
        use Answer::{Failed, NoSuchUpload, Refused};
        use Change::{Changed, Same};
        use EtagMatch::{Incomparable, OfOtherParts, Ours};
        use Outcome::{Completed, Gone, Open, Retry, Unknown};
        let retried = |evidence| Evidence { can_retry: true, ..evidence };
        let after =
            |first, evidence: Evidence| Evidence { answers: [vec![first], evidence.answers].concat(), ..evidence };
        let old = Seen::Object { has_size: true, is_recent: false, change: Same, etag: Ours };
        let of_other_size = Seen::Object { has_size: false, is_recent: true, change: Changed, etag: Ours };
        for (evidence, outcome) in [
            (after(Answer::None, evidence(Refused, Seen::Upload)), Unknown),
            (after(Failed, evidence(Refused, Seen::Upload)), Open),
            (evidence(Refused, Seen::NotNeeded), Open),
            (retried(evidence(Refused, Seen::NotNeeded)), Open),
            (evidence(NoSuchUpload, Seen::NotNeeded), Gone),
            (evidence(Failed, Seen::NoAnswer), Unknown),
            (retried(evidence(Failed, Seen::Upload)), Retry),
            (retried(evidence(NoSuchUpload, Seen::Upload)), Retry),
            (evidence(Answer::None, Seen::Upload), Unknown),
            (after(Answer::None, evidence(Failed, Seen::Upload)), Unknown),
            (evidence(Failed, Seen::Upload), Open),
            (evidence(Failed, Seen::Nothing), Gone),
            (evidence(Failed, of_other_size), Gone),
            (evidence(Failed, old), Gone),
            (evidence(NoSuchUpload, object(Same, Ours)), Completed),
            (evidence(Failed, object(Same, Ours)), Unknown),
            (after(Failed, evidence(NoSuchUpload, object(Same, Ours))), Unknown),
            (evidence(NoSuchUpload, object(Same, OfOtherParts)), Unknown),
            (evidence(NoSuchUpload, object(Same, Incomparable)), Unknown),
            (evidence(Failed, object(Same, OfOtherParts)), Gone),
            (evidence(Failed, object(Same, Incomparable)), Gone),
            (evidence(Failed, object(Changed, Ours)), Completed),
            (evidence(Failed, object(Change::Unknown, Ours)), Completed),
            (evidence(Failed, object(Changed, OfOtherParts)), Unknown),
            (evidence(Failed, object(Change::Unknown, OfOtherParts)), Unknown),
            (evidence(Failed, object(Changed, Incomparable)), Completed),
            (evidence(Failed, object(Change::Unknown, Incomparable)), Unknown),
        ] {
            assert_eq!(judge(&evidence), outcome, "{evidence:?}");
        }
    }

    #[test]
    fn the_client_looks_if_a_request_may_have_been_executed() {
        use Answer::{Failed, NoSuchUpload, Refused};
        for (is_resumed, answers, looks) in [
            (false, vec![NoSuchUpload], false),
            (true, vec![NoSuchUpload], true),
            (false, vec![Failed, NoSuchUpload], true),
            (false, vec![Failed], true),
            (false, vec![Answer::None], true),
            (true, vec![Refused], false),
            (false, vec![Answer::None, Refused], false),
        ] {
            let evidence = Evidence { is_resumed, answers, can_retry: true, seen: Seen::NotNeeded };
            assert_eq!(evidence.is_open_question(), looks, "{evidence:?}");
        }
    }

    #[test]
    fn answers_are_classified_by_what_the_server_may_have_done() {
        let service = |status: u16, code: Option<&str>| {
            let mut error = ServiceError::of_headers(StatusCode::from_u16(status).unwrap(), &http::HeaderMap::new());
            error.code = code.map(str::to_owned);
            Error::from_service(error)
        };
        for (error, answer) in [
            (Error::new(ErrorKind::Connect, ""), Answer::Refused),
            (Error::new(ErrorKind::Timeout, "").unsent(), Answer::Refused),
            (Error::new(ErrorKind::Timeout, ""), Answer::None),
            (Error::new(ErrorKind::Connection, ""), Answer::None),
            (Error::new(ErrorKind::UnexpectedResponse, ""), Answer::None),
            (service(400, Some("invalid_argument")), Answer::Refused),
            (service(403, None), Answer::Refused),
            (service(429, Some("too_many_requests")), Answer::Refused),
            (service(501, None), Answer::Refused),
            (service(404, Some("upload_not_exists")), Answer::NoSuchUpload),
            (service(404, Some("bucket_not_exists")), Answer::Refused),
            (service(404, None), Answer::Failed),
            (service(500, Some("internal_error")), Answer::Failed),
            (service(503, None), Answer::Failed),
            (service(502, None), Answer::None),
            (service(504, None), Answer::None),
        ] {
            assert_eq!(classify(&error), answer, "{error}");
        }
    }
}
