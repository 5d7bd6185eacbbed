//! The buckets there are.

use serde::Serialize;

use super::{Call, ok};
use crate::error::Error;
use crate::limits::PAGE;
use crate::response::Answer;

const DEFAULT_LIMIT: u64 = 200;

#[derive(Serialize)]
struct Buckets {
    count: usize,
    buckets: Vec<Bucket>,
}

#[derive(Serialize)]
struct Bucket {
    name: String,
    location: String,
    url: String,
    created: String,
}

pub(super) fn list_buckets(call: Call<'_>) -> Result<Answer, Error> {
    let request = call.request;
    let offset = request.query.integer("offset")?.unwrap_or(0) as usize;
    let limit = request.query.integer("limit")?.unwrap_or(DEFAULT_LIMIT);
    let zone = request.header("location").or(request.address.zone.as_deref());
    let mut buckets = call.store().buckets();
    buckets.retain(|bucket| zone.is_none_or(|zone| bucket.zone == zone));
    Ok(ok(&Buckets {
        count: buckets.len(),
        buckets: buckets
            .into_iter()
            .skip(offset)
            .take(limit.min(PAGE) as usize)
            .map(|bucket| Bucket {
                url: format!("http://{}/{}", request.host, bucket.name),
                name: bucket.name,
                location: bucket.zone,
                created: bucket.created.iso8601(),
            })
            .collect(),
    }))
}
