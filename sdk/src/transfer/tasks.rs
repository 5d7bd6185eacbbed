//! Work that several tasks share.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::cancelled::{Cancelled, or_cancelled};
use super::part_size::Part;
use crate::error::{Error, ErrorKind, Result};

/// A task that has panicked, or whose runtime ends.
pub(crate) fn stopped(error: JoinError) -> Error {
    Error::new(ErrorKind::Body, "a task of the transfer was stopped").with_source(error)
}

/// Does the same with each part, with so many at the same time, until one fails or it is cancelled; what came of them, in no
/// order. When it returns, no part is under way any more.
///
/// Dropping the future stops them all.
pub(crate) async fn for_each_part<T, W>(
    parts: Vec<Part>,
    concurrency: usize,
    cancelled: &mut Option<Cancelled>,
    work: impl Fn(Part) -> W + Clone + Send + 'static,
) -> Result<Vec<T>>
where
    T: Send + 'static,
    W: Future<Output = Result<T>> + Send,
{
    let workers = concurrency.min(parts.len());
    let queue = Arc::new(Mutex::new(parts.into_iter()));
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        let (queue, work) = (Arc::clone(&queue), work.clone());
        let working = async move {
            let mut done = Vec::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(part) = next else { return Ok(done) };
                done.push(work(part).await?);
            }
        };
        tasks.spawn(working.in_current_span());
    }
    let outcome = or_cancelled(all(&mut tasks), cancelled, || false).await;
    tasks.shutdown().await;
    Ok(outcome?.into_iter().flatten().collect())
}

/// What came of all tasks, or the first error while the others go on.
pub(crate) async fn all<T: 'static>(tasks: &mut JoinSet<Result<T>>) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(outcome) = tasks.join_next().await {
        done.push(outcome.map_err(stopped).flatten()?);
    }
    Ok(done)
}

/// Does something else while the work is done; if the work fails, nobody waits for that.
pub(crate) async fn both<T, U>(
    work: impl Future<Output = Result<T>>,
    something_else: impl Future<Output = U>,
) -> Result<(T, U)> {
    let (mut work, mut something_else) = (Box::pin(work), Box::pin(something_else));
    let (mut worked, mut done) = (None, None);
    poll_fn(|context| {
        if worked.is_none()
            && let Poll::Ready(outcome) = work.as_mut().poll(context)
        {
            worked = Some(outcome?);
        }
        if done.is_none()
            && let Poll::Ready(outcome) = something_else.as_mut().poll(context)
        {
            done = Some(outcome);
        }
        match (worked.take(), done.take()) {
            (Some(worked), Some(done)) => Poll::Ready(Ok((worked, done))),
            one_of_them => {
                (worked, done) = one_of_them;
                Poll::Pending
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn parts(count: u32) -> Vec<Part> {
        (0..count).map(|number| Part { number, bytes: 0..1 }).collect()
    }

    #[tokio::test]
    async fn each_part_is_done_once_and_no_more_at_a_time_than_wanted() {
        let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let highest = Arc::clone(&most);
        let mut never = None;
        let done = for_each_part(parts(20), 3, &mut never, move |part| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::Relaxed);
                Ok(part.number)
            }
        });
        let mut done = done.await.unwrap();
        done.sort_unstable();
        assert_eq!(done, Vec::from_iter(0..20));
        assert_eq!(highest.load(Ordering::Relaxed), 3);
        assert!(for_each_part(Vec::new(), 3, &mut None, async |part| Ok(part.number)).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn when_it_fails_or_is_cancelled_no_part_is_under_way_any_more() {
        for fails in [true, false] {
            let there = Arc::new(());
            let held = Arc::clone(&there);
            let mut cancelled: Option<Cancelled> = (!fails).then(|| Box::pin(tokio::task::yield_now()) as Cancelled);
            let outcome = for_each_part(parts(9), 4, &mut cancelled, move |part| {
                let held = Arc::clone(&held);
                async move {
                    if fails && part.number == 2 {
                        return Err(Error::invalid_input("2"));
                    }
                    std::future::pending::<()>().await;
                    drop(held);
                    Ok(())
                }
            });
            let expected = if fails { ErrorKind::InvalidInput } else { ErrorKind::Cancelled };
            assert_eq!(outcome.await.unwrap_err().kind(), expected);
            assert_eq!(Arc::strong_count(&there), 1, "somebody still works");
        }
    }

    #[tokio::test]
    async fn both_are_waited_for_unless_the_work_fails() {
        async fn later<T>(what: T) -> T {
            tokio::task::yield_now().await;
            what
        }
        assert_eq!(both(later(Ok(1)), async { 2 }).await.unwrap(), (1, 2));
        assert_eq!(both(async { Ok(1) }, later(2)).await.unwrap(), (1, 2));
        let failed = both::<(), ()>(later(Err(Error::invalid_input("1"))), std::future::pending()).await;
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
