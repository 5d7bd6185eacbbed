//! Completes a multipart upload, and finds out what happened if the response does not tell.
//!
//! `CompleteMultipartUpload` is not idempotent: after a timeout, the server may or may not have created the object. The client
//! then gathers [`Evidence`] (does the upload still exist, which object is under the key), and [`judge`] decides.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::StatusCode;

use super::Uploaded;
use super::multipart::MultipartUpload;
use super::parts::CompletedPart;
use crate::error::{Error, ErrorKind, Result, UploadState};
use crate::generated::operations::{HeadObjectOutput, ListMultipartInput};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::{PartsEtag, parse_hex};
use crate::transfer::job::Job;
use crate::transfer::object_properties::ObjectProperties;
use crate::transfer::options::TransferOptions;
use crate::types::ObjectPart;
use crate::value::etag_value;
use crate::{Bucket, Timestamp};

/// Maximum difference, in seconds, between the clocks of client and server. The server refuses requests if it is larger.
const MAX_CLOCK_ERROR: i64 = 15 * 60;

/// Outcome of a completion request that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// This upload created the object.
    Completed,
    /// The upload still exists, and it is safe to complete it again.
    Retry,
    /// The upload still exists, and remains until it is aborted.
    Open,
    /// The upload does not exist, and did not create the object that is under the key, if any.
    Gone,
    /// The evidence is not conclusive. An abort could destroy an object that the server is creating.
    Unknown,
}

/// Response to a completion request that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The server did not execute the request, or the client did not send it.
    Refused,
    /// The upload does not exist.
    NoSuchUpload,
    /// The server failed, or a component without QingStor's error codes, such as a proxy, answered 404.
    Failed,
    /// No response arrived, or a gateway stopped waiting for it. The server may still be executing the request.
    Lost,
}

/// State on the server after a completion request that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// The client did not look, because the responses are conclusive.
    NotNeeded,
    /// The client looked, but the server did not answer.
    NoAnswer,
    /// The upload exists.
    Upload,
    /// Neither the upload nor an object under the key exists.
    Nothing,
    /// The upload does not exist, and an object is under the key.
    Object {
        /// True if the object has the size of the parts.
        has_size: bool,
        /// True if the object was modified after the upload was initiated, as far as the clocks tell.
        is_recent: bool,
        change: Change,
        etag: EtagMatch,
    },
}

/// Comparison of the object under the key with the one before the completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// It is another object, or there was none before.
    Changed,
    /// Version, ETag and time of the last modification are equal.
    Same,
    /// The client does not know the object before the completion.
    Unknown,
}

/// Comparison of the ETag of the object with the one that the client computed from the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EtagMatch {
    /// The ETags are equal.
    Ours,
    /// The ETag was made of other parts, or has the form of such an ETag by chance.
    OfOtherParts,
    /// The ETag has another form, or the client computed none because the parts were not hashed or are encrypted.
    Incomparable,
}

/// Everything that the client knows after a completion request that did not succeed.
#[derive(Debug)]
struct Evidence {
    /// True if an earlier process may have requested the completion.
    is_resumed: bool,
    /// Responses to the completion requests so far, oldest first.
    answers: Vec<Answer>,
    /// True if the retry policy allows another request.
    can_retry: bool,
    seen: Seen,
}

impl Evidence {
    /// Returns true if the responses are not conclusive, so that the client has to look at the state on the server.
    fn has_to_look(&self) -> bool {
        let may_have_executed =
            self.is_resumed || self.answers.iter().any(|answer| matches!(answer, Answer::Failed | Answer::Lost));
        may_have_executed && self.answers.last() != Some(&Answer::Refused)
    }
}

/// Decides what a completion request that did not succeed led to.
///
/// The first matching row of the table counts. An empty cell matches everything. The columns from "upload" to "ETag" are what the
/// client saw on the server ([`Seen`]).
///
/// | last answer | upload | object | size | changed | ETag | other condition | outcome |
/// | --- | --- | --- | --- | --- | --- | --- | --- |
/// | `Refused` | | | | | | an earlier answer is `Lost` | `Unknown` |
/// | `Refused` | | | | | | | `Open` |
/// | `NoSuchUpload` | not needed | | | | | no request can have been executed | `Gone` |
/// | any other | no answer | | | | | | `Unknown` |
/// | | exists | | | | | can be retried | `Retry` |
/// | | exists | | | | | an answer is `Lost` | `Unknown` |
/// | | exists | | | | | | `Open` |
/// | | gone | none | | | | | `Gone` |
/// | | gone | exists | other | | | | `Gone` |
/// | | gone | exists | | no | | older than the upload | `Gone` |
/// | | gone | exists | | no | ours | the only answer is `NoSuchUpload`: an earlier process completed the upload | `Completed` |
/// | | gone | exists | | no | ours | an equal object may have replaced it within the same second | `Unknown` |
/// | | gone | exists | | no | not ours | the only answer is `NoSuchUpload`: an earlier process may have completed the upload | `Unknown` |
/// | | gone | exists | | no | not ours | | `Gone` |
/// | | gone | exists | | yes or unknown | ours | | `Completed` |
/// | | gone | exists | | yes or unknown | of other parts | | `Unknown` |
/// | | gone | exists | | yes | incomparable | | `Completed` |
/// | | gone | exists | | unknown | incomparable | | `Unknown` |
fn judge(evidence: &Evidence) -> Outcome {
    let Evidence { answers, can_retry, seen, .. } = evidence;
    // The server may still execute a request without a response.
    let open = if answers.contains(&Answer::Lost) { Outcome::Unknown } else { Outcome::Open };
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

impl MultipartUpload {
    /// Completes the upload, and retries if that is safe. `before` is the object under the key before the completion.
    ///
    /// Must not be cancelled, because the server may be completing the upload.
    ///
    /// # Errors
    ///
    /// Returns the error of the last request, and [`Outcome::Open`], [`Outcome::Gone`] or [`Outcome::Unknown`].
    pub(super) async fn complete(
        &self,
        parts: &[CompletedPart],
        before: &Result<Option<HeadObjectOutput>>,
    ) -> Result<(), (Error, Outcome)> {
        let is_encrypted = self.job.properties.encryption.is_some();
        let etag = self.expected_etag(parts);
        let mut attempts = self.job.bucket.attempts();
        let mut evidence =
            Evidence { is_resumed: self.is_resumed, answers: Vec::new(), can_retry: true, seen: Seen::NotNeeded };
        loop {
            let mut input = self.job.properties.complete_input(&self.upload_id);
            input.object_parts = parts.iter().map(|part| part.listed(is_encrypted)).collect();
            input.etag = etag.map(|etag| etag.to_string());
            let completing = self.job.bucket.send_object_within(&mut attempts, &self.job.key, input);
            let Err(error) = completing.await else { return Ok(()) };
            let wait = attempts.wait_after(&error);
            evidence.can_retry = wait.is_some();
            evidence.answers.push(classify(&error));
            if evidence.has_to_look() {
                evidence.seen = self.look(size_of(parts), etag, before).await.unwrap_or_else(|error| {
                    let upload_id = &self.upload_id;
                    tracing::warn!(upload_id, %error, "the client cannot find out whether the upload was completed");
                    Seen::NoAnswer
                });
            }
            match (judge(&evidence), wait) {
                (Outcome::Completed, _) => return Ok(()),
                (Outcome::Retry, Some(wait)) => attempts.wait(wait, &error).await,
                (Outcome::Retry, None) => return Err((error, Outcome::Open)),
                (outcome, _) => return Err((error, outcome)),
            }
        }
    }

    /// Requests the state of the upload and of the object under the key. `size` and `expected_etag` are those of the parts.
    async fn look(
        &self,
        size: u64,
        expected_etag: Option<PartsEtag>,
        before: &Result<Option<HeadObjectOutput>>,
    ) -> Result<Seen> {
        let input = ListMultipartInput::new(&self.upload_id).limit(1);
        match self.job.bucket.list_multipart(&self.job.key, input).await {
            Ok(_) => return Ok(Seen::Upload),
            Err(error) if is_no_such_upload(&error) => {}
            Err(error) => return Err(error),
        }
        let Some(object) = self.job.object().find().await? else { return Ok(Seen::Nothing) };
        let change = match before {
            Ok(Some(before)) if is_same(before, &object) => Change::Same,
            Ok(_) => Change::Changed,
            Err(_) => Change::Unknown,
        };
        let etag = match (expected_etag, object.etag.as_deref().and_then(PartsEtag::parse)) {
            (Some(ours), Some(stored)) if ours == stored => EtagMatch::Ours,
            (Some(_), Some(_)) => EtagMatch::OfOtherParts,
            _ => EtagMatch::Incomparable,
        };
        Ok(Seen::Object {
            has_size: object.content_length.is_none_or(|length| length == size),
            is_recent: was_made_after(&object, self.initiated),
            change,
            etag,
        })
    }

    /// Checks that the object of the completed upload has the size of the parts. Returns the summary.
    pub(super) async fn verify(&self, parts: &[CompletedPart]) -> Result<Uploaded> {
        let object = self.job.object().verify_stored(size_of(parts)).await?;
        let etag_kept = object
            .as_ref()
            .zip(self.expected_etag(parts))
            .map(|(object, expected)| object.etag.as_deref().and_then(PartsEtag::parse) == Some(expected));
        if etag_kept == Some(false) {
            tracing::debug!(
                upload_id = self.upload_id,
                "the server gave the object another ETag than the client proposed"
            );
        }
        let HeadObjectOutput { etag, version_id, .. } = object.unwrap_or_default();
        Ok(Uploaded {
            etag,
            etag_kept,
            version_id,
            upload_id: Some(self.upload_id.clone()),
            parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            attempts: self.attempts.load(Ordering::Relaxed),
            ..Uploaded::new(&self.job, size_of(parts))
        })
    }

    /// Computes the ETag of the object. Returns `None` if parts were not hashed or are encrypted.
    fn expected_etag(&self, parts: &[CompletedPart]) -> Option<PartsEtag> {
        let sums: Option<Vec<Md5Sum>> = parts.iter().map(|part| part.sum).collect();
        sums.filter(|_| self.job.properties.encryption.is_none()).map(|sums| PartsEtag::of(&sums))
    }
}

/// # Multipart uploads with own requests
impl Bucket {
    /// Completes a multipart upload whose parts the caller has sent with [`upload_multipart`](Bucket::upload_multipart),
    /// checks the size of the object, and returns a summary.
    ///
    /// Unlike [`complete_multipart_upload`](Bucket::complete_multipart_upload), which sends one request, this method requests the
    /// completion again if it is safe. If a response was lost, it finds out whether the server has completed the upload. If an
    /// earlier call has completed the upload, it returns the summary again. It proposes the ETag that S3 tools compute from the
    /// MD5s of the parts.
    ///
    /// `parts` lists the parts in ascending order. Each one needs its `part_number` and its `size` in bytes. Its `etag` is
    /// optional: with or without quotes, as `upload_multipart` returned it. If parts have no `etag`, the server does not compare
    /// them with the uploaded ones, and the method cannot recognise an object that an earlier request completed.
    ///
    /// The method does not support uploads that are encrypted with a customer key.
    ///
    /// ```no_run
    /// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::operations::{InitiateMultipartUploadInput, UploadMultipartInput};
    /// use qingstor_sdk::types::ObjectPart;
    ///
    /// let upload_id = bucket.initiate_multipart_upload("key", InitiateMultipartUploadInput::new()).await?.upload_id;
    /// let input = UploadMultipartInput::new(&upload_id, 0).body("content");
    /// let sent = bucket.upload_multipart("key", input).await?;
    /// let mut part = ObjectPart::new(0).size(7u64);
    /// part.etag = sent.etag;
    /// let uploaded = bucket.complete_upload("key", &upload_id, vec![part]).await?;
    /// println!("{:?}", uploaded.etag);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::InvalidInput`] if `parts` is empty, or if a part has no size.
    /// * The errors of the operations `CompleteMultipartUpload`, `ListMultipart` and `HeadObject`.
    ///
    /// [`Error::upload_state`] is [`Gone`](UploadState::Gone), [`Completed`](UploadState::Completed) or
    /// [`Unknown`](UploadState::Unknown). If it is `None`, the upload still exists, and the caller can complete it again or abort
    /// it.
    pub async fn complete_upload(&self, key: &str, upload_id: &str, parts: Vec<ObjectPart>) -> Result<Uploaded> {
        let call = self.call_name("CompleteMultipartUpload", key);
        let parts: Vec<CompletedPart> =
            parts.iter().map(completed_part).collect::<Result<_>>().map_err(|e| e.with_call(&call))?;
        let options = TransferOptions::default();
        let (bucket, key) = (self.clone(), key.to_owned());
        let meter = options.meter()?;
        let job = Job { bucket, key, properties: ObjectProperties::default(), options, meter };
        // Neither the time of the initiation nor the object before the completion is known. An earlier call may have
        // completed the upload.
        let initiated = Timestamp::from(std::time::SystemTime::UNIX_EPOCH);
        let before = Err(Error::unexpected_response("the object before the completion is unknown"));
        let upload = MultipartUpload::new(Arc::new(job), upload_id.to_owned(), initiated, true);
        let (error, state) = match upload.complete(&parts, &before).await {
            Ok(()) => match upload.verify(&parts).await {
                Ok(uploaded) => return Ok(uploaded),
                Err(error) => (error, UploadState::Completed),
            },
            Err((error, Outcome::Gone)) => (error, UploadState::Gone),
            Err((error, Outcome::Unknown)) => (error, UploadState::Unknown { checkpoint: None, unsaved: None }),
            Err((error, _)) => return Err(error),
        };
        Err(error.with_upload_state(upload_id, state))
    }
}

fn completed_part(part: &ObjectPart) -> Result<CompletedPart> {
    let length = part.size.ok_or_else(|| {
        let number = part.part_number;
        Error::invalid_input(format!(
            "part {number} has no size, which the client needs to check the object; nothing was sent"
        ))
    })?;
    Ok(CompletedPart { number: part.part_number, length, sum: part.etag.as_deref().and_then(parse_hex) })
}

fn size_of(parts: &[CompletedPart]) -> u64 {
    parts.iter().map(|part| part.length).sum()
}

/// Compares the attributes that change when an object is replaced.
fn is_same(one: &HeadObjectOutput, other: &HeadObjectOutput) -> bool {
    let [etag, other_etag] = [one, other].map(|object| object.etag.as_deref().map(etag_value));
    (&one.version_id, etag, one.last_modified) == (&other.version_id, other_etag, other.last_modified)
}

/// Returns true if the object was modified late enough to have been created by an upload that was initiated at `initiated`.
pub(super) fn was_made_after(object: &HeadObjectOutput, initiated: Timestamp) -> bool {
    object.last_modified.is_some_and(|at| at.as_unix() >= initiated.as_unix() - MAX_CLOCK_ERROR)
}

pub(super) fn is_no_such_upload(error: &Error) -> bool {
    error.code() == Some("upload_not_exists")
}

/// Returns true if the server may have executed the request that failed with `error`.
pub(super) fn may_have_executed(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::UnexpectedResponse => !error.is_unsent(),
        ErrorKind::Service => error.status().is_some_and(|status| match status {
            StatusCode::REQUEST_TIMEOUT => true,
            StatusCode::NOT_IMPLEMENTED => false,
            _ => status.is_server_error(),
        }),
        _ => false,
    }
}

fn classify(error: &Error) -> Answer {
    let is_gateway = matches!(
        error.status(),
        Some(StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)
    );
    let is_service = error.kind() == ErrorKind::Service;
    if may_have_executed(error) {
        if is_service && !is_gateway { Answer::Failed } else { Answer::Lost }
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

    /// Returns the evidence after one request of an upload that was not resumed, without attempts left.
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
            (after(Answer::Lost, evidence(Refused, Seen::Upload)), Unknown),
            (after(Failed, evidence(Refused, Seen::Upload)), Open),
            (evidence(Refused, Seen::NotNeeded), Open),
            (retried(evidence(Refused, Seen::NotNeeded)), Open),
            (evidence(NoSuchUpload, Seen::NotNeeded), Gone),
            (evidence(Failed, Seen::NoAnswer), Unknown),
            (retried(evidence(Failed, Seen::Upload)), Retry),
            (retried(evidence(NoSuchUpload, Seen::Upload)), Retry),
            (evidence(Answer::Lost, Seen::Upload), Unknown),
            (after(Answer::Lost, evidence(Failed, Seen::Upload)), Unknown),
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
    fn object_is_the_same_if_only_the_quotes_of_its_etag_differ() {
        let object = |etag: &str| HeadObjectOutput { etag: Some(etag.to_owned()), ..HeadObjectOutput::default() };
        assert!(is_same(&object("\"a\""), &object("a")));
        assert!(!is_same(&object("\"a\""), &object("b")));
    }

    #[test]
    fn client_looks_if_a_request_may_have_been_executed() {
        use Answer::{Failed, NoSuchUpload, Refused};
        for (is_resumed, answers, looks) in [
            (false, vec![NoSuchUpload], false),
            (true, vec![NoSuchUpload], true),
            (false, vec![Failed, NoSuchUpload], true),
            (false, vec![Failed], true),
            (false, vec![Answer::Lost], true),
            (true, vec![Refused], false),
            (false, vec![Answer::Lost, Refused], false),
        ] {
            let evidence = Evidence { is_resumed, answers, can_retry: true, seen: Seen::NotNeeded };
            assert_eq!(evidence.has_to_look(), looks, "{evidence:?}");
        }
    }

    #[test]
    fn classify_tells_if_the_server_may_have_executed_the_request() {
        let service = |status: u16, code: Option<&str>| {
            let mut error = ServiceError::of_headers(StatusCode::from_u16(status).unwrap(), &http::HeaderMap::new());
            error.code = code.map(|code| code.to_owned().into());
            Error::from_service(error)
        };
        for (error, answer) in [
            (Error::new(ErrorKind::Connect, ""), Answer::Refused),
            (Error::new(ErrorKind::Timeout, "").unsent(), Answer::Refused),
            (Error::new(ErrorKind::Timeout, ""), Answer::Lost),
            (Error::new(ErrorKind::Connection, ""), Answer::Lost),
            (Error::new(ErrorKind::UnexpectedResponse, ""), Answer::Lost),
            (service(400, Some("invalid_argument")), Answer::Refused),
            (service(403, None), Answer::Refused),
            (service(429, Some("too_many_requests")), Answer::Refused),
            (service(501, None), Answer::Refused),
            (service(404, Some("upload_not_exists")), Answer::NoSuchUpload),
            (service(404, Some("bucket_not_exists")), Answer::Refused),
            (service(404, None), Answer::Failed),
            (service(500, Some("internal_error")), Answer::Failed),
            (service(503, None), Answer::Failed),
            (service(502, None), Answer::Lost),
            (service(504, None), Answer::Lost),
        ] {
            assert_eq!(classify(&error), answer, "{error}");
        }
    }
}
