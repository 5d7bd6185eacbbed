//! Making, looking for and removing a bucket.

use http::{StatusCode, header};

use super::Call;
use crate::address::check_bucket_name;
use crate::error::Error;
use crate::metadata::set;
use crate::response::{self, Answer};
use crate::store::BucketInfo;

pub(super) async fn put(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    check_bucket_name(bucket)?;
    let zone = call.request.address.zone.as_ref();
    let info =
        BucketInfo { name: bucket.to_owned(), zone: zone.unwrap_or(&call.operations.zone).clone(), created: call.now };
    call.change(move |store| store.create_bucket(info)).await?;
    Ok(response::empty(StatusCode::CREATED))
}

/// On the global host of the service the answer is where the bucket is.
pub(super) fn head(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let info = call.store().bucket(bucket)?;
    let address = &call.request.address;
    let Some(base) = address.public_host.as_ref().filter(|_| call.request.asks_for_zone()) else {
        return Ok(response::empty(StatusCode::OK));
    };
    let port = match call.request.host.rsplit_once(':') {
        Some((_, port)) => format!(":{port}"),
        None => String::new(),
    };
    let location = if address.host_bucket.is_some() {
        format!("http://{bucket}.{}.{base}{port}", info.zone)
    } else {
        format!("http://{}.{base}{port}/{bucket}", info.zone)
    };
    let mut answer = response::empty(StatusCode::MOVED_PERMANENTLY);
    set(answer.headers_mut(), header::LOCATION, &location);
    Ok(answer)
}

pub(super) async fn delete(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let bucket = bucket.to_owned();
    call.change(move |store| store.delete_bucket(&bucket)).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}
