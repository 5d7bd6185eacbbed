//! Putting, reading and deleting what is set on a bucket, the same for all of it.

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::owner::{OWNER, Owner};
use super::{Call, ok};
use crate::error::Error;
use crate::payload::Payload;
use crate::response::{self, Answer};
use crate::settings::{Acl, Setting, read};

pub(super) async fn put<S: Setting>(call: Call<'_>, bucket: &str, payload: &mut Payload) -> Result<Answer, Error> {
    call.store().bucket(bucket)?;
    let setting: S = read(&payload.json().await?)?;
    let bucket = bucket.to_owned();
    call.change(move |store| store.change_settings(&bucket, |settings| S::keep(settings, Some(setting)))).await?;
    Ok(response::empty(StatusCode::OK))
}

pub(super) fn get<S: Setting>(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    Ok(ok(&S::answer(&*call.store().settings(bucket)?)?))
}

/// Also right where nothing is set.
pub(super) async fn delete<S: Setting>(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let bucket = bucket.to_owned();
    call.change(move |store| store.change_settings(&bucket, |settings| S::keep(settings, None))).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

#[derive(Serialize)]
struct Owned {
    owner: Owner,
    #[serde(flatten)]
    setting: Value,
}

pub(super) fn get_acl(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let setting = Acl::answer(&*call.store().settings(bucket)?)?;
    Ok(ok(&Owned { owner: OWNER, setting }))
}
