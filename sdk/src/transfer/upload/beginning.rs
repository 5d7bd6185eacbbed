//! Beginning an upload so that the server never has one that nobody knows of, as long as the program lives.

use std::sync::Arc;

use tokio::sync::oneshot;
use tracing::Instrument;

use super::completion::may_have_happened;
use super::guard::abort_in_background;
use super::session::Session;
use crate::Bucket;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::object_headers::ObjectHeaders;
use crate::transfer::progress::Meter;

impl Session {
    /// Begins an upload. If the future is dropped when it is asked for, it is aborted as soon as its id is known.
    pub(crate) async fn begin(bucket: &Bucket, key: &str, headers: &ObjectHeaders, meter: &Arc<Meter>) -> Result<Self> {
        let (bucket, key, headers, meter) = (bucket.clone(), key.to_owned(), headers.clone(), Arc::clone(meter));
        let (tell, told) = oneshot::channel();
        let beginning = async move {
            let begun = initiate(&bucket, &key, &headers, &meter).await.map(Unclaimed::new);
            // What nobody takes is aborted by being dropped.
            drop(tell.send(begun));
        };
        // A task of its own is not dropped with those who wait for it.
        tokio::spawn(beginning.in_current_span());
        let gone = |error| Error::new(ErrorKind::Body, "a task of the transfer was stopped").with_source(error);
        told.await.map_err(gone)??.claim()
    }
}

async fn initiate(bucket: &Bucket, key: &str, headers: &ObjectHeaders, meter: &Arc<Meter>) -> Result<Session> {
    let initiated = bucket.initiate_multipart_upload(key, headers.initiate()).await;
    let initiated =
        initiated.map_err(|error| if may_have_happened(&error) { error.of_unknown_upload() } else { error })?;
    // Only after an answer is it known what time it is there.
    let begun = bucket.server_time();
    Ok(Session::new(bucket, key, initiated.upload_id, begun, headers, meter))
}

/// An upload on its way to whoever wanted it; aborted if it does not get there.
struct Unclaimed(Option<Session>);

impl Unclaimed {
    fn new(session: Session) -> Self {
        Self(Some(session))
    }

    fn claim(mut self) -> Result<Session> {
        self.0.take().ok_or_else(|| Error::new(ErrorKind::Body, "the upload was taken by somebody else"))
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            abort_in_background(Arc::new(session));
        }
    }
}
