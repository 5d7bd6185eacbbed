//! Binding domains to a bucket, and freeing them.

use http::StatusCode;
use serde::Serialize;

use super::{Call, ok};
use crate::error::Error;
use crate::payload::Payload;
use crate::response::{self, Answer};
use crate::settings::{CnameChange, CnameRecord, CnameType, Domain, read};

#[derive(Serialize)]
struct Records {
    cname_records: Vec<Record>,
    count: usize,
}

#[derive(Serialize)]
struct Record {
    domain: String,
    r#type: CnameType,
    created: String,
}

pub(super) async fn put(call: Call<'_>, bucket: &str, payload: &mut Payload) -> Result<Answer, Error> {
    call.store().bucket(bucket)?;
    let CnameChange { domain, r#type } = read(&payload.json().await?)?;
    let record = CnameRecord { domain, r#type: r#type.unwrap_or_default(), created: call.now };
    let bucket = bucket.to_owned();
    call.change(move |store| store.bind_domain(&bucket, record)).await?;
    Ok(response::empty(StatusCode::OK))
}

pub(super) fn get(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let wanted = CnameType::parse(call.request.query.text("type"))
        .ok_or_else(|| Error::invalid_argument("type must be normal or website"))?;
    let settings = call.store().settings(bucket)?;
    let cname_records: Vec<Record> = settings
        .cnames
        .iter()
        .filter(|record| record.r#type == wanted)
        .map(|record| Record {
            domain: record.domain.clone(),
            r#type: record.r#type,
            created: record.created.iso8601(),
        })
        .collect();
    Ok(ok(&Records { count: cname_records.len(), cname_records }))
}

/// Also right for a domain that is not bound.
pub(super) async fn delete(call: Call<'_>, bucket: &str, payload: &mut Payload) -> Result<Answer, Error> {
    call.store().bucket(bucket)?;
    let Domain { domain } = read(&payload.json().await?)?;
    let bucket = bucket.to_owned();
    call.change(move |store| {
        store.change_settings(&bucket, |settings| settings.cnames.retain(|record| !record.is(&domain)))
    })
    .await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}
