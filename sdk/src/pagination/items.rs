//! One entry after the other.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;

use super::{Pages, Paginated};
use crate::error::Result;

/// The entries of a list, made by [`Paginator::items`](super::Paginator::items).
///
/// Ask with [`next`](Items::next), take all with [`into_vec`](Items::into_vec), or use it as a [`Stream`]. All end after
/// the last entry and after an error, and [`retry`](Items::retry) goes on after an error.
pub struct Items<I: Paginated> {
    pages: Pages<I>,
    page: vec::IntoIter<I::Item>,
}

/// Nothing in it is ever pinned but what has a box of its own.
impl<I: Paginated> Unpin for Items<I> {}

impl<I: Paginated> Items<I> {
    pub(super) fn new(pages: Pages<I>) -> Self {
        Self { pages, page: Vec::new().into_iter() }
    }

    /// The next entry, or `None` after the last one and after an error. The next page is asked for when the last one is
    /// used up.
    ///
    /// A future that is dropped before it is done loses nothing: the request goes on with the next call.
    ///
    /// # Errors
    ///
    /// As for [`Pages::next`].
    pub async fn next(&mut self) -> Option<Result<I::Item>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    /// Goes on after an error, as [`Pages::retry`] does.
    pub fn retry(&mut self) {
        self.pages.retry();
    }

    /// All entries that are left, in memory.
    ///
    /// # Errors
    ///
    /// The first of the operation's errors; what was read until then is lost.
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
