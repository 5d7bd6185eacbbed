//! Lists that come in pages, as streams.

mod cursor;
mod items;
mod pages;
mod place;

use std::fmt;

pub(crate) use cursor::PageTurn;
pub use items::Items;
pub use pages::Pages;
pub(crate) use place::ListedPlace;

use crate::operation::Operation;

/// An operation that lists something page by page: implemented by generated inputs whose specification says how, and, like
/// [`Operation`], by nothing else.
pub trait Paginated: Operation + Clone + 'static {
    /// What the list consists of.
    type Item: Clone + PartialEq + Send + 'static;

    /// Makes this the question for the page after `page`.
    #[doc(hidden)]
    fn turn(&mut self, page: &mut Self::Output, turn: &mut PageTurn<'_, Self::Item>);

    #[doc(hidden)]
    fn items(page: Self::Output) -> Vec<Self::Item>;
}

/// A list that will be asked for page by page, made by [`Bucket::paginate`](crate::Bucket::paginate) and its like.
///
/// Whatever the input says holds for every page: `limit` is the size of a page and not that of the list, and a marker is
/// where the list begins. Nothing is sent before the first page or item is asked for, and then one page at a time.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::ListObjectsInput;
///
/// // What is beside the items, here the folders, is on the pages.
/// let mut pages = bucket.paginate(ListObjectsInput::new().delimiter("/")).pages();
/// while let Some(page) = pages.next().await {
///     let page = page?;
///     println!("{} folders, {} objects", page.common_prefixes.len(), page.keys.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// The list ends where the server says so, or names no next page. It also ends where it would never end: when an answer
/// names the page that was just asked for or one that was asked for before, which is logged as a warning, or brings
/// nothing new although that is all there is to tell a next page by. An answer that says that there is more, but not
/// where, is followed by an error: whoever deletes what is not in the list must not take it for complete. An entry that
/// appears or disappears meanwhile may be missed or come twice, as the server has it.
pub struct Paginator<I> {
    place: ListedPlace,
    input: I,
}

impl<I: Paginated> Paginator<I> {
    pub(crate) fn new(place: ListedPlace, input: I) -> Self {
        Self { place, input }
    }

    /// The answers of the server, one after the other.
    pub fn pages(self) -> Pages<I> {
        Pages::new(self.place, self.input)
    }

    /// What is on the pages, one after the other.
    pub fn items(self) -> Items<I> {
        Items::new(self.pages())
    }
}

impl<I: fmt::Debug> fmt::Debug for Paginator<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginator").field("input", &self.input).finish_non_exhaustive()
    }
}
