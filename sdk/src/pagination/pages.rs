//! Streams of pages and items.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;

use super::cursor::{NextPage, PageCursor};
use super::{List, Paginated};
use crate::error::Result;
use crate::value::UnreadableEntry;

/// The pages of a list. [`Paginator::pages`](super::Paginator::pages) creates it.
///
/// [`next`](Pages::next) returns one page at a time. The same pages are available as a [`Stream`]. Both end after the
/// last page and after an error. To continue after an error, call [`retry`](Pages::retry).
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::operations::ListObjectsInput;
///
/// let mut pages = bucket.paginate(ListObjectsInput::new()).pages();
/// let mut retries = 0;
/// while let Some(page) = pages.next().await {
///     match page {
///         Ok(page) => println!("{} objects", page.keys.len()),
///         Err(error) if error.is_throttled() && retries < 5 => {
///             retries += 1;
///             pages.retry();
///         }
///         Err(error) => return Err(error),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages<I: Paginated> {
    list: List,
    /// Input of the next request.
    input: I,
    cursor: PageCursor<I::Item>,
    state: State<I::Output>,
    has_failed: bool,
    /// Entries that were left out of the latest page.
    unreadable: Vec<UnreadableEntry>,
}

enum State<Page> {
    Idle,
    Requesting(Pin<Box<dyn Future<Output = Result<Page>> + Send>>),
    /// The last response reported that the list continues, but not where.
    UnknownNext,
    Done,
}

/// The future is pinned in its own box. The other fields are never pinned.
impl<I: Paginated> Unpin for Pages<I> {}

impl<I: Paginated> Pages<I> {
    pub(super) fn new(list: List, input: I) -> Self {
        Self {
            list,
            input,
            cursor: PageCursor::default(),
            state: State::Idle,
            has_failed: false,
            unreadable: Vec::new(),
        }
    }

    /// Returns the next page, or `None` after the last page and after an error.
    ///
    /// If the future is dropped, the next call continues the same request.
    ///
    /// # Errors
    ///
    /// The errors of the operation, and [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) if the
    /// server reports that the list continues, but not where. The list ends after an error, so that a loop that ignores
    /// errors ends too.
    pub async fn next(&mut self) -> Option<Result<I::Output>> {
        poll_fn(|context| self.poll_page(context)).await
    }

    /// Continues after an error: [`next`](Pages::next) requests the failed page again, so that no page is skipped or
    /// repeated. If the server did not report where the next page starts, `next` returns the same error again.
    ///
    /// If there was no error, this has no effect. The caller is responsible for limiting the number of retries and for
    /// waiting between them. The client has already retried each request according to
    /// [`RetryConfig`](crate::RetryConfig).
    pub fn retry(&mut self) {
        self.has_failed = false;
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<I::Output>>> {
        loop {
            let request = match &mut self.state {
                _ if self.has_failed => return Poll::Ready(None),
                State::Done => return Poll::Ready(None),
                State::UnknownNext => {
                    self.has_failed = true;
                    return Poll::Ready(Some(Err(self.list.unknown_next_page::<I>())));
                }
                State::Requesting(request) => request,
                State::Idle => {
                    let request = Box::pin(self.list.clone().request(self.input.clone()));
                    self.state = State::Requesting(request);
                    continue;
                }
            };
            let response = ready!(request.as_mut().poll(context));
            self.state = State::Idle;
            let mut page = match response {
                Ok(page) => page,
                Err(error) => {
                    self.has_failed = true;
                    return Poll::Ready(Some(Err(error)));
                }
            };
            self.input.advance(&mut page, &mut self.cursor);
            self.unreadable = self.cursor.take_unreadable();
            self.unreadable.reverse();
            let finished = self.cursor.finish_page();
            match finished.next {
                NextPage::Exists => {}
                NextPage::None => self.state = State::Done,
                NextPage::Unknown => self.state = State::UnknownNext,
                NextPage::Repeated => {
                    tracing::warn!(
                        operation = I::SPEC.name,
                        "the list ends here, because the server reports a page that was requested before"
                    );
                    self.state = State::Done;
                }
            }
            if finished.is_new {
                return Poll::Ready(Some(Ok(page)));
            }
        }
    }
}

impl<I: Paginated> Stream for Pages<I> {
    type Item = Result<I::Output>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_page(context)
    }
}

impl<I: Paginated + fmt::Debug> fmt::Debug for Pages<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_done = matches!(self.state, State::Done);
        f.debug_struct("Pages").field("input", &self.input).field("is_done", &is_done).finish_non_exhaustive()
    }
}

/// The items of a list. [`Paginator::items`](super::Paginator::items) creates it.
///
/// [`next`](Items::next) returns one item at a time, and [`into_vec`](Items::into_vec) all of them. The same items are
/// available as a [`Stream`]. The list ends after the last item and after an error. To continue after an error, call
/// [`retry`](Items::retry).
///
/// An item whose key is not UTF-8 is an error too, because the SDK cannot address the object. The error contains the
/// escaped key, and follows the items of its page. After this error the list continues without a call of `retry`.
pub struct Items<I: Paginated> {
    pages: Pages<I>,
    page: vec::IntoIter<I::Item>,
}

/// `Pages` is `Unpin`, and the items of a page are never pinned.
impl<I: Paginated> Unpin for Items<I> {}

impl<I: Paginated> Items<I> {
    pub(super) fn new(pages: Pages<I>) -> Self {
        Self { pages, page: Vec::new().into_iter() }
    }

    /// Returns the next item, or `None` after the last one and after an error. The next page is requested after the
    /// last item of a page.
    ///
    /// If the future is dropped, the next call continues the same request.
    ///
    /// # Errors
    ///
    /// As for [`Pages::next`], and [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) for each
    /// item whose key is not UTF-8. After the latter, the list continues.
    pub async fn next(&mut self) -> Option<Result<I::Item>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    /// Continues after an error, as [`Pages::retry`] does.
    pub fn retry(&mut self) {
        self.pages.retry();
    }

    /// Returns all remaining items.
    ///
    /// # Errors
    ///
    /// As for [`next`](Items::next). The items before the error are lost. To skip items whose keys are not UTF-8, call
    /// `next` instead.
    pub async fn into_vec(mut self) -> Result<Vec<I::Item>> {
        let mut all = Vec::new();
        while let Some(item) = self.next().await {
            all.push(item?);
        }
        Ok(all)
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<I::Item>>> {
        loop {
            if let Some(item) = self.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            if let Some(entry) = self.pages.unreadable.pop() {
                return Poll::Ready(Some(Err(self.pages.list.unreadable_entry::<I>(&entry))));
            }
            match ready!(self.pages.poll_page(context)) {
                Some(Ok(page)) => self.page = I::items(page).into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<I: Paginated> Stream for Items<I> {
    type Item = Result<I::Item>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(context)
    }
}

impl<I: Paginated + fmt::Debug> fmt::Debug for Items<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).field("left_on_page", &self.page.len()).finish()
    }
}
