//! Whether a bucket keeps versions.

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::complete::parse;
use super::{Call, ok};
use crate::error::Error;
use crate::payload::Payload;
use crate::response::{self, Answer};
use crate::store::Versioning;

#[derive(Serialize)]
struct State {
    status: Versioning,
}

#[derive(Deserialize)]
struct Wanted {
    status: String,
}

pub(super) fn get(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let status = call.store().versioning(bucket)?;
    Ok(ok(&State { status }))
}

pub(super) async fn put(call: Call<'_>, bucket: &str, payload: &mut Payload) -> Result<Answer, Error> {
    let wanted: Wanted = parse(&payload.json().await?)?;
    let status = match wanted.status.as_str() {
        "ENABLED" => Versioning::Enabled,
        "SUSPENDED" => Versioning::Suspended,
        other => {
            let message = format!("status must be ENABLED or SUSPENDED, not \"{other}\"");
            return Err(Error::invalid_argument(message));
        }
    };
    let bucket = bucket.to_owned();
    call.change(move |store| store.set_versioning(&bucket, status)).await?;
    Ok(response::empty(StatusCode::OK))
}
