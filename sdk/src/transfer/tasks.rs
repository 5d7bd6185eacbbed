//! Tasks of a transfer: parts side by side, and cancellation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, Shared, select};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::part_size::Part;
use crate::error::{Error, ErrorKind, Result};

/// A future of the caller's that ends a transfer when it completes. The default never does.
#[derive(Clone, Default)]
pub(crate) struct Cancellation(Option<Shared<BoxFuture<'static, ()>>>);

impl Cancellation {
    pub(crate) fn on(done: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(done.boxed().shared()))
    }

    /// Runs `work` to its end, or drops it when the transfer is cancelled.
    pub(crate) async fn unless_cancelled<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(cancelled) = self.0.clone() else { return work.await };
        // `select` polls the work first, so that work that is done counts.
        match select(Box::pin(work), cancelled).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(Error::new(ErrorKind::Cancelled, "the transfer was cancelled")),
        }
    }
}

/// Sets a flag when it is dropped. Blocking threads read it, because they cannot be cancelled from outside.
#[derive(Default)]
pub(crate) struct FlagOnDrop(Arc<AtomicBool>);

impl FlagOnDrop {
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for FlagOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Converts the error of a task that panicked or whose runtime shuts down.
pub(crate) fn stopped(error: JoinError) -> Error {
    Error::new(ErrorKind::Body, "a task of the transfer was stopped").with_source(error)
}

/// Runs work that blocks its thread.
pub(crate) async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

/// Runs `work` for every part, `concurrency` at a time, until one fails or the transfer is cancelled. Returns the results in
/// no particular order. When it returns, no part is in progress any more.
///
/// Dropping the future stops all parts.
pub(crate) async fn for_each_part<T, W>(
    parts: Vec<Part>,
    concurrency: usize,
    cancellation: &Cancellation,
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
    let outcome = cancellation.unless_cancelled(join_all(&mut tasks)).await;
    tasks.shutdown().await;
    Ok(outcome?.into_iter().flatten().collect())
}

/// Returns the results of all tasks, or the first error while the other tasks go on.
pub(crate) async fn join_all<T: 'static>(tasks: &mut JoinSet<Result<T>>) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(outcome) = tasks.join_next().await {
        done.push(outcome.map_err(stopped).flatten()?);
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn parts(count: u32) -> Vec<Part> {
        (0..count).map(|number| Part { number, bytes: 0..1 }).collect()
    }

    #[tokio::test]
    async fn each_part_runs_once_within_the_concurrency() {
        let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let highest = Arc::clone(&most);
        let never = Cancellation::default();
        let done = for_each_part(parts(20), 3, &never, move |part| {
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
        assert!(for_each_part(Vec::new(), 3, &never, async |part| Ok(part.number)).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn no_part_is_in_progress_after_a_failure_or_a_cancellation() {
        for fails in [true, false] {
            let there = Arc::new(());
            let held = Arc::clone(&there);
            let cancellation = if fails { Cancellation::default() } else { Cancellation::on(tokio::task::yield_now()) };
            let outcome = for_each_part(parts(9), 4, &cancellation, move |part| {
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
            assert_eq!(Arc::strong_count(&there), 1, "a part is in progress");
        }
    }

    #[tokio::test]
    async fn work_that_is_done_is_not_cancelled() {
        let cancellation = Cancellation::on(async {});
        assert_eq!(cancellation.unless_cancelled(async { Ok(1) }).await.unwrap(), 1);
        for _ in 0..2 {
            let error = cancellation.unless_cancelled(std::future::pending::<Result<()>>()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
        }
    }
}
