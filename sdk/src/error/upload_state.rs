//! The state in which a failed transfer left its multipart upload.

use std::fmt;
use std::path::PathBuf;

use super::Error;
use crate::value::ServerText;

/// The state in which a failed transfer left its multipart upload, returned by [`Error::upload_state`].
///
/// Until an upload is completed or aborted, the server stores its parts, and QingStor charges for them. Unless a
/// variant says otherwise, [`Error::upload_id`] returns the id of the upload.
///
/// ```
/// use qingstor_sdk::{Error, UploadState};
///
/// fn advice(error: &Error) -> &str {
///     match error.upload_state() {
///         Some(UploadState::Kept { .. }) => "call it again to resume",
///         Some(UploadState::Unknown { .. }) => "find out whether the object is stored",
///         Some(UploadState::AbortFailed { .. }) => "abort the upload later",
///         _ => "start again",
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum UploadState {
    /// The upload was aborted, so its parts are deleted. Start a new one.
    Aborted,
    /// The upload could not be aborted, and its parts are still stored. Abort it with
    /// [`Bucket::abort_multipart_upload`](crate::Bucket::abort_multipart_upload) or
    /// `Bucket::abort_stale_uploads`.
    #[non_exhaustive]
    AbortFailed {
        /// The reason for which the upload could not be aborted.
        cause: Error,
    },
    /// The upload was kept. The same call with the same checkpoint resumes it.
    #[non_exhaustive]
    Kept {
        /// The checkpoint file.
        checkpoint: PathBuf,
        /// The error of the last attempt to save the checkpoint. When the upload is resumed, parts that the checkpoint
        /// does not contain are read and hashed again, or sent again if they are encrypted.
        unsaved: Option<Error>,
    },
    /// The checkpoint does not fit the call: it belongs to another source, destination or setting, or its part size is
    /// too small for the source. The checkpoint and its upload were left as they are. Correct the call, use another
    /// checkpoint file, or delete the checkpoint and abort the upload.
    #[non_exhaustive]
    Refused {
        /// The checkpoint file.
        checkpoint: PathBuf,
    },
    /// The upload does not exist any more, for example because another client or a lifecycle rule aborted it. If there
    /// is an object under the key, the upload did not create it. Start a new upload.
    Gone,
    /// The upload was completed, so the object is stored. A later step failed, such as checking the size of the object.
    Completed,
    /// The upload may have been completed. It was not aborted, because the server may still be completing it. With a
    /// checkpoint, call again: the client finds out whether the upload was completed, and resumes it if it was not.
    /// Without a checkpoint, check the object, and abort the upload if it is still listed later.
    #[non_exhaustive]
    Unknown {
        /// The checkpoint file, if there is one.
        checkpoint: Option<PathBuf>,
        /// The error of the last attempt to save the checkpoint. When the upload is resumed, parts that the checkpoint
        /// does not contain are read and hashed again, or sent again if they are encrypted.
        unsaved: Option<Error>,
    },
    /// The server may have started an upload, but the response with its id was lost, so [`Error::upload_id`] is `None`.
    /// The upload has no parts. `Bucket::abort_stale_uploads` finds and aborts it.
    MaybeStarted,
}

/// The multipart upload that an error belongs to.
#[derive(Debug, Default)]
pub(super) struct FailedUpload {
    id: Option<ServerText>,
    part: Option<u32>,
    state: Option<UploadState>,
}

impl Error {
    /// Returns the id of the multipart upload that failed.
    pub fn upload_id(&self) -> Option<&str> {
        self.0.upload.as_ref().and_then(|upload| upload.id.as_ref()).map(ServerText::as_str)
    }

    /// Returns the number of the part that failed.
    pub fn part_number(&self) -> Option<u32> {
        self.0.upload.as_ref().and_then(|upload| upload.part)
    }

    /// Returns the state in which a failed upload or copy left its multipart upload.
    ///
    /// It is `None` if there was no multipart upload, or if the checkpoint could not be read because another transfer
    /// uses it, it is damaged, or another version of the SDK wrote it. Such a checkpoint and its upload are left as
    /// they are.
    pub fn upload_state(&self) -> Option<&UploadState> {
        self.0.upload.as_ref().and_then(|upload| upload.state.as_ref())
    }

    pub(crate) fn with_part(mut self, upload_id: &str, part: u32) -> Self {
        self.0.upload = Some(FailedUpload { id: Some(upload_id.to_owned().into()), part: Some(part), state: None });
        self
    }

    pub(crate) fn with_maybe_started_upload(mut self) -> Self {
        self.0.upload = Some(FailedUpload { state: Some(UploadState::MaybeStarted), ..FailedUpload::default() });
        self
    }

    pub(crate) fn with_upload_state(mut self, upload_id: &str, state: UploadState) -> Self {
        let upload = self.0.upload.get_or_insert_default();
        upload.id = Some(upload_id.to_owned().into());
        upload.state = Some(state);
        self
    }
}

impl fmt::Display for FailedUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(part) = self.part {
            write!(f, "part {part} of ")?;
        }
        match &self.id {
            Some(id) => write!(f, "upload {id}")?,
            None => f.write_str("an upload")?,
        }
        match &self.state {
            Some(state) => write!(f, ", which {state}"),
            None => Ok(()),
        }
    }
}

/// Formats the state as the end of a sentence about the upload, such as "was aborted".
impl fmt::Display for UploadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted => f.write_str("was aborted"),
            Self::AbortFailed { cause } => write!(f, "could not be aborted, so its parts are still stored ({cause})"),
            Self::Kept { checkpoint, .. } => {
                write!(f, "was kept; call again with the checkpoint {} to resume it", checkpoint.display())
            }
            Self::Refused { .. } => f.write_str("was left as it is"),
            Self::Gone => f.write_str("does not exist any more, because another client aborted it"),
            Self::Completed => f.write_str("was completed, so the object is stored"),
            Self::Unknown { checkpoint: None, .. } => f.write_str("may have been completed and was not aborted"),
            Self::Unknown { checkpoint: Some(checkpoint), .. } => write!(
                f,
                "may have been completed and was not aborted; call again with the checkpoint {} to find out and resume it",
                checkpoint.display()
            ),
            Self::MaybeStarted => f.write_str(
                "may have been started, but the response with its id was lost; `abort_stale_uploads` aborts it",
            ),
        }?;
        match self {
            Self::Kept { unsaved: Some(error), .. } | Self::Unknown { unsaved: Some(error), .. } => {
                write!(f, "; some parts are missing in the checkpoint ({error})")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn display_names_the_upload_its_part_and_its_state() {
        let error = Error::new(ErrorKind::Connection, "it broke").with_part("U1", 7);
        assert_eq!(error.to_string(), "it broke; part 7 of upload U1");
        let error = error.with_upload_state("U1", UploadState::Aborted);
        assert_eq!((error.upload_id(), error.part_number()), (Some("U1"), Some(7)));
        assert!(matches!(error.upload_state(), Some(UploadState::Aborted)));
        assert_eq!(error.to_string(), "it broke; part 7 of upload U1, which was aborted");
        let error = Error::new(ErrorKind::Timeout, "too long").with_upload_state("U1", UploadState::Aborted);
        assert_eq!(error.to_string(), "too long; upload U1, which was aborted");
        let error = Error::new(ErrorKind::Timeout, "too long").with_maybe_started_upload();
        assert_eq!(error.upload_id(), None);
        assert!(error.to_string().starts_with("too long; an upload, which may have been started"), "{error}");
    }

    #[test]
    fn display_of_every_state() {
        let cause = || Error::new(ErrorKind::Connect, "no connection");
        let path = || PathBuf::from("db.qsupload");
        let unknown = |checkpoint| UploadState::Unknown { checkpoint, unsaved: None };
        for (state, text) in [
            (UploadState::AbortFailed { cause: cause() }, "its parts are still stored (no connection)"),
            (
                UploadState::Kept { checkpoint: path(), unsaved: None },
                "was kept; call again with the checkpoint db.qsupload to resume it",
            ),
            (
                UploadState::Kept { checkpoint: path(), unsaved: Some(cause()) },
                "some parts are missing in the checkpoint (no connection)",
            ),
            (UploadState::Refused { checkpoint: path() }, "was left as it is"),
            (UploadState::Gone, "does not exist any more"),
            (UploadState::Completed, "was completed"),
            (unknown(None), "may have been completed and was not aborted"),
            (unknown(Some(path())), "call again with the checkpoint db.qsupload to find out"),
        ] {
            assert!(state.to_string().contains(text), "{state}");
        }
    }
}
