//! Appending to an object.

use std::sync::Arc;

use super::objects::{announced, new_object};
use super::version::{Content, Version};
use super::{NewObject, Object, Store};
use crate::error::Error;

/// An object after something was appended to it.
#[derive(Debug)]
pub(crate) struct Appended {
    pub(crate) object: Arc<Object>,
    /// The name of its version, unless that is the null version.
    pub(crate) version_id: Option<String>,
}

impl Store {
    /// Makes `append` say what the object becomes, from what is served under the key now, in one step for every
    /// reader and writer. Versions tell apart what was replaced, and appending replaces nothing: an object that is
    /// served grows in the version it has, and only one that is made gets a version.
    pub(crate) fn append_object(
        &self,
        bucket: &str,
        key: &str,
        append: impl FnOnce(Option<&Object>) -> Result<NewObject, Error>,
    ) -> Result<Appended, Error> {
        let (object, committed) = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            let latest = bucket.histories.get(key).and_then(|history| history.latest());
            let current = latest.filter(|version| version.object().is_some());
            let content = append(current.and_then(Version::object).map(Arc::as_ref))?;
            let object = Arc::new(Object { is_appendable: true, ..new_object(content) });
            let content = Content::Object(Arc::clone(&object));
            let committed = match current {
                Some(version) => {
                    let grown = Version { content, ..version.clone() };
                    self.rewrite(bucket, grown)?
                }
                None => {
                    let staged = self.stage(content, None)?;
                    self.commit(bucket, staged)?
                }
            };
            (object, committed)
        };
        Ok(Appended { object, version_id: announced(committed.id) })
    }
}
