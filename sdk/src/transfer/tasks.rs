//! Concurrency, cancellation and blocking work of transfers.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, Shared, select};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::part_size::Part;
use crate::error::{Error, ErrorKind, Result};

/// Future of the caller that cancels a transfer when it completes. The default cancels nothing.
#[derive(Clone, Default)]
pub(crate) struct Cancellation(Option<Shared<BoxFuture<'static, ()>>>);

impl Cancellation {
    pub(crate) fn on(done: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(done.boxed().shared()))
    }

    /// Completes when the transfer is cancelled.
    pub(crate) async fn cancelled(self) {
        match self.0 {
            Some(cancelled) => cancelled.await,
            None => std::future::pending().await,
        }
    }

    /// Runs `work` and returns its result. If the transfer is cancelled first, drops `work` and returns an error.
    pub(crate) async fn unless_cancelled<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(cancelled) = self.0.clone() else { return work.await };
        // `select` polls `work` first, so that finished work is not cancelled.
        match select(Box::pin(work), cancelled).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(Error::new(ErrorKind::Cancelled, "the transfer was cancelled")),
        }
    }
}

/// Creates the error of a transfer whose task panicked, or was stopped because the runtime is shutting down.
pub(crate) fn stopped(error: JoinError) -> Error {
    Error::new(ErrorKind::Body, "a task of the transfer panicked or was stopped").with_source(error)
}

/// Runs `work` on a thread that may block.
pub(crate) async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

/// Runs `work` for every part in its own task, at most `concurrency` at a time, and returns the results in any order.
///
/// At the first error or when the transfer is cancelled, stops all tasks and waits until they have stopped. Dropping the
/// future stops them too.
pub(crate) async fn for_each_part<T, W>(
    parts: impl IntoIterator<Item = Part>,
    concurrency: usize,
    cancellation: &Cancellation,
    work: impl Fn(Part) -> W,
) -> Result<Vec<T>>
where
    T: Send + 'static,
    W: Future<Output = Result<T>> + Send + 'static,
{
    let mut waiting = parts.into_iter().map(|part| work(part).in_current_span());
    let mut tasks = JoinSet::new();
    let mut results = Vec::new();
    let running = async {
        for task in waiting.by_ref().take(concurrency) {
            tasks.spawn(task);
        }
        while let Some(result) = tasks.join_next().await {
            results.push(result.map_err(stopped).flatten()?);
            if let Some(task) = waiting.next() {
                tasks.spawn(task);
            }
        }
        Ok(())
    };
    let outcome = cancellation.unless_cancelled(running).await;
    tasks.shutdown().await;
    outcome.map(|()| results)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn parts(count: u32) -> Vec<Part> {
        (0..count).map(|number| Part { number, bytes: 0..1 }).collect()
    }

    #[tokio::test]
    async fn for_each_part_runs_each_part_once_within_the_concurrency() {
        let (running, max_running) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let highest = Arc::clone(&max_running);
        let never = Cancellation::default();
        let numbers = for_each_part(parts(20), 3, &never, move |part| {
            let (running, max_running) = (Arc::clone(&running), Arc::clone(&max_running));
            async move {
                max_running.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::Relaxed);
                Ok(part.number)
            }
        });
        let mut numbers = numbers.await.unwrap();
        numbers.sort_unstable();
        assert_eq!(numbers, Vec::from_iter(0..20));
        assert_eq!(highest.load(Ordering::Relaxed), 3);
        assert!(for_each_part(Vec::new(), 3, &never, async |part| Ok(part.number)).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn for_each_part_returns_after_all_tasks_have_stopped() {
        for fails in [true, false] {
            let counted = Arc::new(());
            let held = Arc::clone(&counted);
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
            assert_eq!(Arc::strong_count(&counted), 1, "a task still holds its clone");
        }
    }

    #[tokio::test]
    async fn finished_work_is_not_cancelled() {
        let cancellation = Cancellation::on(async {});
        assert_eq!(cancellation.unless_cancelled(async { Ok(1) }).await.unwrap(), 1);
        for _ in 0..2 {
            let error = cancellation.unless_cancelled(std::future::pending::<Result<()>>()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
        }
    }
}
