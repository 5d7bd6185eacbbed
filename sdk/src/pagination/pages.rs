//! One answer after the other.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::cursor::{Memory, PageTurn, Then};
use super::{ListedPlace, Paginated};
use crate::error::Result;

/// The pages of a list, made by [`Paginator::pages`](super::Paginator::pages).
///
/// Ask with [`next`](Pages::next), or use it as a [`Stream`]: both end after the last page and after an error, and
/// [`retry`](Pages::retry) goes on after an error.
///
/// ```no_run
/// # async fn run(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::ListObjectsInput;
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
    /// The answer did not say where to go on.
    Lost,
    Done,
}

/// Nothing in it is ever pinned but what has a box of its own.
impl<I: Paginated> Unpin for Pages<I> {}

impl<I: Paginated> Pages<I> {
    pub(super) fn new(place: ListedPlace, input: I) -> Self {
        Self { place, input, memory: Memory::default(), state: State::Idle, failed: false }
    }

    /// The next page, or `None` after the last one and after an error.
    ///
    /// A future that is dropped before it is done loses nothing: the request goes on with the next call.
    ///
    /// # Errors
    ///
    /// Those of the operation, and [`ErrorKind::UnexpectedResponse`](crate::ErrorKind::UnexpectedResponse) after a page
    /// whose answer says that there is more, but not where. An error ends the list, so that no loop that passes over
    /// errors asks forever.
    pub async fn next(&mut self) -> Option<Result<I::Output>> {
        poll_fn(|context| self.poll_page(context)).await
    }

    /// Goes on after an error: the next call of [`next`](Pages::next) asks for the page that failed once more, and
    /// nothing is left out or comes twice. Where the answer did not say how to go on, the same error comes again.
    ///
    /// It does nothing where there was no error. How often, and after how long, is for the caller to decide: the client
    /// made its own attempts before ([`RetryConfig`](crate::RetryConfig)).
    pub fn retry(&mut self) {
        self.failed = false;
    }

    pub(super) fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<I::Output>>> {
        loop {
            let asking = match &mut self.state {
                _ if self.failed => return Poll::Ready(None),
                State::Done => return Poll::Ready(None),
                State::Lost => {
                    self.failed = true;
                    return Poll::Ready(Some(Err(self.place.lost::<I>())));
                }
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
            match verdict.then {
                Then::Another => {}
                Then::End => self.state = State::Done,
                Then::Lost => self.state = State::Lost,
                Then::Circle => {
                    tracing::warn!(
                        operation = I::SPEC.name,
                        "the page that is said to come next was there before: the list ends here"
                    );
                    self.state = State::Done;
                }
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
