//! Lists of objects.

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::path::Path;
use object_store::{Extensions, ListResult, ObjectMeta, Result};
use qingstor_sdk::operations::{ListObjectsInput, ListObjectsOutput};
use qingstor_sdk::types::ObjectSummary;

use crate::error::{generic, store_error};
use crate::object::to_chrono;
use crate::store::QingStorStore;

/// Maximum number of entries in a page.
const MAX_PAGE: u32 = 1000;

const DELIMITER: &str = "/";

impl QingStorStore {
    /// Lists the objects below `prefix`, at all depths, after the location `offset`.
    pub(crate) fn list_objects(
        &self,
        prefix: Option<&Path>,
        offset: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let store = self.clone();
        let mut input = self.list_input(prefix);
        input.marker = offset.filter(|offset| !offset.is_root()).map(|offset| self.key(offset));
        let offset = offset.cloned();
        self.pages(prefix, input)
            .map_ok(move |page| stream::iter(store.objects(page.keys)))
            .try_flatten()
            // The documentation does not say whether the server lists the marker itself.
            .try_filter(move |object| {
                std::future::ready(offset.as_ref().is_none_or(|offset| object.location > *offset))
            })
            .boxed()
    }

    /// Lists the objects and folders directly below `prefix`.
    pub(crate) async fn list_folder(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut list = ListResult { common_prefixes: Vec::new(), objects: Vec::new(), extensions: Extensions::new() };
        let mut pages = self.pages(prefix, self.list_input(prefix).delimiter(DELIMITER));
        while let Some(page) = pages.try_next().await? {
            self.add_page(&mut list, page)?;
        }
        // A folder whose keys are on two pages may be on both of them.
        list.common_prefixes.sort_unstable();
        list.common_prefixes.dedup();
        Ok(list)
    }

    fn list_input(&self, prefix: Option<&Path>) -> ListObjectsInput {
        let folder = self.key(prefix.unwrap_or(&Path::ROOT));
        let mut input = ListObjectsInput::new().limit(MAX_PAGE);
        input.prefix = Some(folder).filter(|folder| !folder.is_empty()).map(|folder| folder + DELIMITER);
        input
    }

    fn pages(
        &self,
        prefix: Option<&Path>,
        input: ListObjectsInput,
    ) -> impl Stream<Item = Result<ListObjectsOutput>> + Send + Unpin + 'static {
        let prefix = prefix.cloned().unwrap_or_default();
        self.bucket().paginate(input).pages().map_err(move |error| store_error(&prefix, error))
    }

    fn add_page(&self, list: &mut ListResult, page: ListObjectsOutput) -> Result<()> {
        for prefix in &page.common_prefixes {
            let folder = prefix.strip_suffix(DELIMITER).unwrap_or(prefix);
            list.common_prefixes.extend(self.listed_location(folder));
        }
        for object in self.objects(page.keys) {
            list.objects.push(object?);
        }
        Ok(())
    }

    fn objects(&self, keys: Vec<ObjectSummary>) -> Vec<Result<ObjectMeta>> {
        keys.into_iter().filter_map(|object| self.object_meta(object)).collect()
    }

    fn object_meta(&self, object: ObjectSummary) -> Option<Result<ObjectMeta>> {
        let location = self.listed_location(&object.key)?;
        let (Some(size), Some(modified)) = (object.size, object.modified) else {
            return Some(Err(generic(format!(
                "ListObjects: the entry {location:?} has no size or no modification date"
            ))));
        };
        let last_modified = to_chrono(modified);
        Some(Ok(ObjectMeta { location, last_modified, size, e_tag: object.etag, version: None }))
    }

    /// Returns the location of a listed key. Logs a warning and returns `None` if no [`Path`] can hold it, because an error
    /// would make all other objects unreachable.
    fn listed_location(&self, key: &str) -> Option<Path> {
        let location = self.location(key);
        if location.is_none() {
            tracing::warn!(bucket = self.bucket().name(), ?key, "leaving out a key that object_store cannot address");
        }
        location
    }
}

#[async_trait]
impl PaginatedListStore for QingStorStore {
    /// Requests one page. Pages have up to 1,000 entries, so a larger `max_keys` has no effect. `offset` and `page_token`
    /// are both sent as the marker of the request; if both are set, `page_token` counts.
    async fn list_paginated(&self, prefix: Option<&str>, options: PaginatedListOptions) -> Result<PaginatedListResult> {
        let absolute = |text: &str| match self.prefix().as_ref() {
            "" => text.to_owned(),
            folder => format!("{folder}{DELIMITER}{text}"),
        };
        let max_keys = options.max_keys.map_or(MAX_PAGE, |keys| u32::try_from(keys).unwrap_or(MAX_PAGE));
        let mut input = ListObjectsInput::new().limit(max_keys.min(MAX_PAGE));
        input.prefix = Some(absolute(prefix.unwrap_or_default())).filter(|prefix| !prefix.is_empty());
        input.delimiter = options.delimiter.map(Into::into);
        input.marker = options.page_token.or_else(|| options.offset.as_deref().map(absolute));
        let location = Path::from(prefix.unwrap_or_default());
        let mut page = self.bucket().list_objects(input).await.map_err(|error| store_error(&location, error))?;

        let next = page.next_marker.take().filter(|marker| !marker.is_empty());
        let page_token = if page.has_more == Some(false) { None } else { next };
        if page.has_more == Some(true) && page_token.is_none() {
            return Err(generic("ListObjects: the server reports another page, but not where it starts"));
        }
        let mut list = ListResult { common_prefixes: Vec::new(), objects: Vec::new(), extensions: Extensions::new() };
        self.add_page(&mut list, page)?;
        if let Some(offset) = &options.offset {
            list.objects.retain(|object| object.location.as_ref() > offset.as_str());
        }
        Ok(PaginatedListResult { result: list, page_token })
    }
}
