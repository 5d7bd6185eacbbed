//! What an error says of the upload in parts that failed with it.

use std::fmt;

use super::Error;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FailedUpload {
    /// None if nobody knows it.
    id: Option<String>,
    part: Option<u32>,
    /// What became of it.
    fate: Option<String>,
}

impl Error {
    /// The id of the upload in parts that failed, or of which a part did.
    pub fn upload_id(&self) -> Option<&str> {
        self.0.upload.as_ref().and_then(|upload| upload.id.as_deref())
    }

    /// The number of the part that failed, if one did.
    pub fn part_number(&self) -> Option<u32> {
        self.0.upload.as_ref().and_then(|upload| upload.part)
    }

    pub(crate) fn of_part(mut self, upload_id: &str, part: u32) -> Self {
        self.0.upload = Some(FailedUpload { id: Some(upload_id.to_owned()), part: Some(part), fate: None });
        self
    }

    /// The server may have begun an upload and not got around to saying so.
    pub(crate) fn of_unknown_upload(mut self) -> Self {
        self.0.upload = Some(FailedUpload::default());
        self
    }

    /// What became of the upload, in words that follow its id.
    pub(crate) fn with_fate(mut self, upload_id: &str, fate: impl Into<String>) -> Self {
        let upload = self.0.upload.get_or_insert_default();
        upload.id = Some(upload_id.to_owned());
        upload.fate = Some(fate.into());
        self
    }
}

impl fmt::Display for FailedUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(part) = self.part {
            write!(f, "part {part} of ")?;
        }
        match (&self.id, &self.fate) {
            (Some(id), Some(fate)) => write!(f, "upload {id}, which {fate}"),
            (Some(id), None) => write!(f, "upload {id}"),
            (None, _) => f.write_str(
                "an upload may have been begun whose id nobody knows: it keeps its place until `abort_stale_uploads` finds it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ErrorKind;
    use crate::error::Error;

    #[test]
    fn an_error_names_upload_part_and_fate() {
        let error = Error::new(ErrorKind::Connection, "it broke").of_part("U1", 7).with_fate("U1", "was aborted");
        assert_eq!((error.upload_id(), error.part_number()), (Some("U1"), Some(7)));
        assert_eq!(error.to_string(), "it broke; part 7 of upload U1, which was aborted");
        let error = Error::new(ErrorKind::Timeout, "too long").with_fate("U1", "was aborted");
        assert_eq!(error.to_string(), "too long; upload U1, which was aborted");
    }
}
