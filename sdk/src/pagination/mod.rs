//! Paginated lists as streams of pages or items.

mod cursor;
mod pages;

use std::fmt;
use std::sync::Arc;

pub(crate) use cursor::PageCursor;
pub use pages::{Items, Pages};

use crate::client::{Address, Client};
use crate::error::{CallName, Error, Result};
use crate::operation::Operation;

/// An operation that returns a list page by page. Generated inputs implement it, and like [`Operation`] it cannot be
/// implemented outside of this crate.
pub trait Paginated: Operation + Clone + 'static {
    /// An entry of the list.
    type Item: Clone + PartialEq + Send + 'static;

    /// Changes the input into that of the page after `page`.
    #[doc(hidden)]
    fn advance(&mut self, page: &mut Self::Output, cursor: &mut PageCursor<Self::Item>);

    #[doc(hidden)]
    fn items(page: Self::Output) -> Vec<Self::Item>;
}

/// A list that is requested page by page. [`Bucket::paginate`](crate::Bucket::paginate) and similar methods create it.
///
/// The input applies to every page: `limit` is the size of a page, not of the list, and a marker is the position at which
/// the list begins. Requests are sent one at a time, when a page or item is asked for.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::operations::ListObjectsInput;
///
/// // Pages have more than items: here the folders.
/// let mut pages = bucket.paginate(ListObjectsInput::new().delimiter("/")).pages();
/// while let Some(page) = pages.next().await {
///     let page = page?;
///     println!("{} folders, {} objects", page.common_prefixes.len(), page.keys.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// The list ends if the server says so or names no next page. To avoid endless lists, it also ends with a logged warning
/// if the server names a page that was requested before. If the server says that there is more but not where it begins,
/// an error follows the page, so that the list is not taken for complete. Entries that are created or deleted during the
/// listing can be missing or occur twice.
pub struct Paginator<I> {
    list: List,
    input: I,
}

impl<I: Paginated> Paginator<I> {
    pub(crate) fn new(list: List, input: I) -> Self {
        Self { list, input }
    }

    /// Returns the responses of the server, one after the other.
    pub fn pages(self) -> Pages<I> {
        Pages::new(self.list, self.input)
    }

    /// Returns the entries of all pages, one after the other.
    pub fn items(self) -> Items<I> {
        Items::new(self.pages())
    }
}

impl<I: fmt::Debug> fmt::Debug for Paginator<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginator").field("input", &self.input).finish_non_exhaustive()
    }
}

/// The address of a list, which outlives the handle that it was made from.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) client: Arc<Client>,
    pub(crate) zone: Option<Arc<str>>,
    pub(crate) bucket: Option<Arc<str>>,
    pub(crate) key: Option<Arc<str>>,
}

impl List {
    async fn request<I: Operation>(self, input: I) -> Result<I::Output> {
        let Self { client, zone, bucket, key } = &self;
        let address = Address { zone: zone.as_deref(), bucket: bucket.as_deref(), key: key.as_deref() };
        client.execute(client.attempts(), input, address).await
    }

    fn unknown_next_page<I: Operation>(&self) -> Error {
        let call = CallName {
            operation: I::SPEC.name,
            bucket: self.bucket.as_deref().map(str::to_owned),
            key: self.key.as_deref().map(str::to_owned),
        };
        let message = "the list is incomplete: the server says that there is more, but not where the next page begins";
        Error::unexpected_response(message).with_call(&call)
    }
}
