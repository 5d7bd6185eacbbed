//! Handlers that list, create, inspect and delete buckets, and that read and set their versioning.

use std::collections::BTreeMap;

use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::{Call, ok, parse_body};
use crate::address::check_bucket_name;
use crate::body::RequestBody;
use crate::error::Error;
use crate::headers::set_header;
use crate::limits::MAX_PAGE;
use crate::response::{self, Response};
use crate::store::{BucketInfo, History, Versioning};

/// Number of buckets in a list if the request has no `limit`.
const DEFAULT_LIMIT: u64 = 200;

pub(crate) async fn list(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let request = call.request;
    let offset = request.query.integer("offset")?.unwrap_or(0) as usize;
    let limit = request.query.integer("limit")?.unwrap_or(DEFAULT_LIMIT).min(MAX_PAGE) as usize;
    let zone = request.header("location").or(request.address.zone.as_deref());
    let mut buckets = call.store().buckets();
    buckets.retain(|bucket| zone.is_none_or(|zone| bucket.zone == zone));
    let page = buckets.iter().skip(offset).take(limit).map(|bucket| {
        json!({
            "name": bucket.name,
            "location": bucket.zone,
            "url": format!("http://{}/{}", request.host, bucket.name),
            "created": bucket.created.iso8601(),
        })
    });
    Ok(ok(&json!({ "count": buckets.len(), "buckets": page.collect::<Vec<_>>() })))
}

pub(crate) async fn put(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    check_bucket_name(call.bucket())?;
    let zone = call.request.address.zone.as_ref().unwrap_or(&call.context.zone).clone();
    let info = BucketInfo { name: call.bucket().to_owned(), zone, created: call.now };
    call.change(move |store, _| store.create_bucket(info)).await?;
    Ok(response::empty(StatusCode::CREATED))
}

/// Checks that a bucket exists. On a public host without a zone, the response redirects to the zone of the bucket.
pub(crate) async fn head(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let BucketInfo { name, zone, .. } = call.store().bucket(call.bucket())?;
    let address = &call.request.address;
    let Some(base) = address.public_host.as_ref().filter(|_| call.request.asks_for_zone()) else {
        return Ok(response::empty(StatusCode::OK));
    };
    let port = match call.request.host.rsplit_once(':') {
        Some((_, port)) => format!(":{port}"),
        None => String::new(),
    };
    let location = if address.is_host_style {
        format!("http://{name}.{zone}.{base}{port}")
    } else {
        format!("http://{zone}.{base}{port}/{name}")
    };
    let mut response = response::empty(StatusCode::MOVED_PERMANENTLY);
    set_header(response.headers_mut(), header::LOCATION, &location);
    Ok(response)
}

pub(crate) async fn delete(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    call.change(|store, bucket| store.delete_bucket(bucket)).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn statistics(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    let info = call.store().bucket(call.bucket())?;
    let mut classes = BTreeMap::<String, (u64, u64)>::new();
    call.store().with_histories(call.bucket(), |histories| {
        for object in histories.values().filter_map(History::current) {
            let (count, size) = classes.entry(object.properties.storage_class.clone()).or_default();
            *count += 1;
            *size += object.size();
        }
    })?;
    // The service may bill more than the size, for example if an object is deleted early. The emulator does not.
    let storage_classes: BTreeMap<_, _> = classes
        .iter()
        .map(|(class, (count, size))| (class, json!({ "count": count, "size": size, "billing_size": size })))
        .collect();
    Ok(ok(&json!({
        "name": info.name,
        "location": info.zone,
        "url": format!("http://{}/{}", call.request.host, info.name),
        "created": info.created.iso8601(),
        "status": "active",
        "count": classes.values().map(|usage| usage.0).sum::<u64>(),
        "size": classes.values().map(|usage| usage.1).sum::<u64>(),
        "storage_classes": storage_classes,
    })))
}

pub(crate) async fn get_versioning(call: Call<'_>, _: &mut RequestBody) -> Result<Response, Error> {
    Ok(ok(&json!({ "status": call.store().versioning(call.bucket())? })))
}

#[derive(Deserialize)]
struct VersioningStatus {
    status: String,
}

pub(crate) async fn put_versioning(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    let VersioningStatus { status } = parse_body(body).await?;
    let status = match status.as_str() {
        "ENABLED" => Versioning::Enabled,
        "SUSPENDED" => Versioning::Suspended,
        other => {
            let message = format!("status must be ENABLED or SUSPENDED, not \"{other}\"");
            return Err(Error::invalid_argument(message));
        }
    };
    call.change(move |store, bucket| store.set_versioning(bucket, status)).await?;
    Ok(response::empty(StatusCode::OK))
}
