//! Answering a browser that asks whether a page may send a request.

use http::StatusCode;

use super::Call;
use crate::cross_origin::Preflight;
use crate::error::Error;
use crate::response::{self, Answer};
use crate::settings::{Cors, Setting};

/// What is not allowed is not refused: the headers that would allow it are missing.
pub(super) fn options(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let settings = call.store().settings(bucket)?;
    let preflight = Preflight::read(call.request)?;
    let mut answer = response::empty(StatusCode::OK);
    if let Some(cors) = Cors::kept(&settings) {
        answer.headers_mut().extend(preflight.judge(cors));
    }
    Ok(answer)
}
