//! One answer after the other.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::turn::{Memory, PageTurn};
use super::{ListedPlace, Paginated};
use crate::error::Result;

/// The pages of a list, made by [`Paginator::pages`](super::Paginator::pages).
///
/// Ask with [`next`](Pages::next), or use it as a [`Stream`].
pub struct Pages<I: Paginated> {
    place: ListedPlace,
    /// The question for the next page.
    input: I,
    memory: Memory<I::Item>,
    state: State<I::Output>,
    failed: bool,
}

enum State<Page> {
    Idle,
    Asking(Pin<Box<dyn Future<Output = Result<Page>> + Send>>),
    Done,
}

/// Nothing in it is ever pinned but what has a box of its own.
impl<I: Paginated> Unpin for Pages<I> {}

impl<I: Paginated> Pages<I> {
    pub(super) fn new(place: ListedPlace, input: I) -> Self {
        Self { place, input, memory: Memory::default(), state: State::Idle, failed: false }
    }

    /// The next page, or `None` after the last one.
    ///
    /// A future that is dropped before it is done loses nothing: the request goes on with the next call.
    ///
    /// # Errors
    ///
    /// Those of the operation. The place is kept: the next call asks for the same page again. As a [`Stream`], it ends
    /// with the first error instead, so that nothing that goes through a whole stream asks forever.
    pub async fn next(&mut self) -> Option<Result<I::Output>> {
        self.failed = false;
        poll_fn(|context| self.poll_page(context)).await
    }

    /// Lets the list go on after an error.
    pub(super) fn forgive(&mut self) {
        self.failed = false;
    }

    pub(super) fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<I::Output>>> {
        loop {
            let asking = match &mut self.state {
                _ if self.failed => return Poll::Ready(None),
                State::Done => return Poll::Ready(None),
                State::Asking(asking) => asking,
                State::Idle => {
                    let asking = Box::pin(self.place.clone().ask(self.input.clone()));
                    self.state = State::Asking(asking);
                    continue;
                }
            };
            let answer = ready!(asking.as_mut().poll(context));
            self.state = State::Idle;
            let mut page = match answer {
                Ok(page) => page,
                Err(error) => {
                    self.failed = true;
                    return Poll::Ready(Some(Err(error)));
                }
            };
            let mut turn = PageTurn::new(&mut self.memory);
            self.input.turn(&mut page, &mut turn);
            let verdict = turn.verdict();
            if !verdict.goes_on {
                self.state = State::Done;
            }
            if verdict.is_news {
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
