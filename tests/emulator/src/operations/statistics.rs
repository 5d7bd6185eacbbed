//! What is in a bucket, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Call, ok};
use crate::error::Error;
use crate::response::Answer;

#[derive(Serialize)]
struct Statistics {
    name: String,
    location: String,
    url: String,
    created: String,
    status: &'static str,
    count: u64,
    size: u64,
    storage_classes: BTreeMap<String, Usage>,
}

#[derive(Default, Serialize)]
struct Usage {
    count: u64,
    size: u64,
    /// The service bills some classes for longer than they were used. Nothing is billed here.
    billing_size: u64,
}

pub(super) fn statistics(call: Call<'_>, bucket: &str) -> Result<Answer, Error> {
    let info = call.store().bucket(bucket)?;
    let storage_classes = call.store().with_objects(bucket, |objects| {
        let mut classes = BTreeMap::<String, Usage>::new();
        for object in objects.values() {
            let usage = classes.entry(object.content.storage_class.clone()).or_default();
            usage.count += 1;
            usage.size += object.size;
            usage.billing_size += object.size;
        }
        classes
    })?;
    Ok(ok(&Statistics {
        url: format!("http://{}/{}", call.request.host, info.name),
        name: info.name,
        location: info.zone,
        created: info.created.iso8601(),
        status: "active",
        count: storage_classes.values().map(|usage| usage.count).sum(),
        size: storage_classes.values().map(|usage| usage.size).sum(),
        storage_classes,
    }))
}
