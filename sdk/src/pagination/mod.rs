//! Paginated lists as streams of pages or items. `cursor.rs` decides where a list ends.

mod cursor;
mod pages;

use std::fmt;
use std::sync::Arc;

pub(crate) use cursor::PageCursor;
pub use pages::{Items, Pages};

use crate::client::{Address, Client};
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::value::UnreadableEntry;

/// An operation that returns a list page by page. Generated inputs implement it. It cannot be implemented outside of
/// this crate.
pub trait Paginated: Operation + Clone + 'static {
    /// An item of the list.
    type Item: Clone + PartialEq + Send + 'static;

    /// Changes the input to that of the page after `page`.
    #[doc(hidden)]
    fn advance(&mut self, page: &mut Self::Output, cursor: &mut PageCursor<Self::Item>);

    #[doc(hidden)]
    fn items(page: Self::Output) -> Vec<Self::Item>;
}

/// A list that is requested page by page. Methods such as [`Bucket::paginate`](crate::Bucket::paginate) create it.
///
/// The input applies to every page: its `limit` is the maximum size of a page, not of the list. A marker in the input
/// is the position at which the list starts. Requests are sent one at a time, when the caller asks for a page or an
/// item.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::operations::ListObjectsInput;
///
/// // A page contains more than its items, such as the folders.
/// let mut pages = bucket.paginate(ListObjectsInput::new().delimiter("/")).pages();
/// while let Some(page) = pages.next().await {
///     let page = page?;
///     println!("{} folders, {} objects", page.common_prefixes.len(), page.keys.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// The list ends if the server reports its end or no next page. It also ends, with a logged warning, if the server
/// reports a page that was requested before, because it would be endless otherwise. If the server reports that the list
/// continues, but not where, the page is followed by an error, because the list is incomplete. Items that are created
/// or deleted during the listing can be missing or occur twice.
///
/// Entries whose keys are not UTF-8 are left out of pages, with a logged warning. [`Items`] reports an error for each
/// of them. If the marker of the next page is not UTF-8, the next page starts after the last item whose key is.
pub struct Paginator<I> {
    list: List,
    input: I,
}

impl<I: Paginated> Paginator<I> {
    pub(crate) fn new(list: List, input: I) -> Self {
        Self { list, input }
    }

    /// Returns the pages of the list, which are the outputs of the operation.
    pub fn pages(self) -> Pages<I> {
        Pages::new(self.list, self.input)
    }

    /// Returns the items of all pages.
    pub fn items(self) -> Items<I> {
        Items::new(self.pages())
    }
}

impl<I: fmt::Debug> fmt::Debug for Paginator<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginator").field("input", &self.input).finish_non_exhaustive()
    }
}

/// The client and the address of a list.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) client: Arc<Client>,
    pub(crate) zone: Option<Arc<str>>,
    pub(crate) bucket: Option<Arc<str>>,
    pub(crate) key: Option<Arc<str>>,
}

impl List {
    fn address(&self) -> Address<'_> {
        Address { zone: self.zone.as_deref(), bucket: self.bucket.as_deref(), key: self.key.as_deref() }
    }

    async fn request<I: Operation>(self, input: I) -> Result<I::Output> {
        self.client.execute(input, self.address()).await
    }

    fn unreadable_entry<I: Operation>(&self, entry: &UnreadableEntry) -> Error {
        let message = format!("the list contains an entry that the client cannot address: {}", entry.problem);
        Error::unexpected_response(message).with_call(&self.address().call_name(I::SPEC.name))
    }

    fn unknown_next_page<I: Operation>(&self) -> Error {
        let message = "the list is incomplete: the server reports that it continues, but not where the next page starts, \
                       or not in UTF-8";
        Error::unexpected_response(message).with_call(&self.address().call_name(I::SPEC.name))
    }
}
