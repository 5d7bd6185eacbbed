//! Handlers that set, read and delete the settings of a bucket.

use http::StatusCode;
use serde_json::json;

use super::listings::owner;
use super::{Call, ok};
use crate::body::RequestBody;
use crate::error::Error;
use crate::response::{self, Response};
use crate::settings::{Acl, CnameChange, CnameRecord, CnameType, Domain, Setting, read};

pub(crate) async fn put<S: Setting>(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    call.store().bucket(call.bucket())?;
    let setting: S = read(&body.json_bytes().await?)?;
    call.change(|store, bucket| store.change_settings(bucket, |settings| S::set(settings, Some(setting)))).await?;
    Ok(response::empty(StatusCode::OK))
}

pub(crate) async fn get<S: Setting>(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    Ok(ok(&S::response(&*call.store().settings(call.bucket())?)?))
}

/// Deletes a setting. Succeeds if it is not set.
pub(crate) async fn delete<S: Setting>(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    call.change(|store, bucket| store.change_settings(bucket, |settings| S::set(settings, None))).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn get_acl(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let mut response = Acl::response(&*call.store().settings(call.bucket())?)?;
    response["owner"] = owner();
    Ok(ok(&response))
}

pub(crate) async fn put_cname(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    call.store().bucket(call.bucket())?;
    let CnameChange { domain, r#type } = read(&body.json_bytes().await?)?;
    let record = CnameRecord { domain, r#type: r#type.unwrap_or_default(), created: call.now };
    call.change(move |store, bucket| store.bind_domain(bucket, record)).await?;
    Ok(response::empty(StatusCode::OK))
}

pub(crate) async fn get_cname(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let r#type = match call.request.query.text("type") {
        None | Some("normal") => CnameType::Normal,
        Some("website") => CnameType::Website,
        Some(_) => return Err(Error::invalid_argument("type must be normal or website")),
    };
    let settings = call.store().settings(call.bucket())?;
    let records =
        settings.cnames.iter().filter(|record| record.r#type == r#type).map(
            |record| json!({ "domain": record.domain, "type": record.r#type, "created": record.created.iso8601() }),
        );
    let records: Vec<_> = records.collect();
    Ok(ok(&json!({ "count": records.len(), "cname_records": records })))
}

/// Unbinds a domain. Succeeds if it is not bound.
pub(crate) async fn delete_cname(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    call.store().bucket(call.bucket())?;
    let Domain { domain } = read(&body.json_bytes().await?)?;
    call.change(move |store, bucket| {
        store.change_settings(bucket, |settings| settings.cnames.retain(|record| !record.is_for(&domain)))
    })
    .await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}
