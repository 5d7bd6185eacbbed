//! What is listed, kept for as long as there are pages.

use std::sync::Arc;

use crate::client::{Address, Client};
use crate::error::{CallName, Error, Result};
use crate::operation::Operation;

#[derive(Clone)]
pub(crate) struct ListedPlace {
    client: Arc<Client>,
    zone: Option<Arc<str>>,
    bucket: Option<Arc<str>>,
    key: Option<Arc<str>>,
}

impl ListedPlace {
    pub(crate) fn account(client: &Arc<Client>) -> Self {
        Self { client: Arc::clone(client), zone: None, bucket: None, key: None }
    }

    pub(crate) fn bucket(client: &Arc<Client>, zone: &Arc<str>, bucket: &Arc<str>, key: Option<&str>) -> Self {
        let (zone, bucket) = (Some(Arc::clone(zone)), Some(Arc::clone(bucket)));
        Self { client: Arc::clone(client), zone, bucket, key: key.map(Arc::from) }
    }

    pub(super) async fn ask<I: Operation>(self, input: I) -> Result<I::Output> {
        let Self { client, zone, bucket, key } = &self;
        let address = Address { zone: zone.as_deref(), bucket: bucket.as_deref(), key: key.as_deref() };
        client.execute(input, address).await
    }

    pub(super) fn lost<I: Operation>(&self) -> Error {
        let call = CallName {
            operation: I::SPEC.name,
            bucket: self.bucket.as_deref().map(str::to_owned),
            key: self.key.as_deref().map(str::to_owned),
        };
        Error::unexpected_response(
            "the service says that there is more, but not where: what came so far is not the whole list",
        )
        .with_call(&call)
    }
}
