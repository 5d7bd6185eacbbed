//! Runs a randomized test with many seeds, several at a time.

use std::env;

use tokio::task::JoinSet;

/// Returns the seeds that a test tries.
///
/// The environment variable called `variable` sets their number, which is `default` if unset. `QINGSTOR_SEED` selects a
/// single seed.
///
/// # Panics
///
/// Panics if one of the variables is not a number.
pub fn seeds(variable: &str, default: u64) -> Vec<u64> {
    let number = |name: &str| {
        let text = env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
    };
    match number("QINGSTOR_SEED") {
        Some(seed) => vec![seed],
        None => (0..number(variable).unwrap_or(default)).collect(),
    }
}

/// Runs `test` for each seed, at most `concurrency` at a time, and returns the outcomes in the order in which they
/// ended.
///
/// # Panics
///
/// Panics if the test panics for a seed. The test's message should contain the seed.
pub async fn for_each_seed<T, F>(seeds: Vec<u64>, concurrency: usize, test: impl Fn(u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut seeds = seeds.into_iter();
    let mut running: JoinSet<T> = seeds.by_ref().take(concurrency).map(&test).collect();
    let mut outcomes = Vec::new();
    while let Some(outcome) = running.join_next().await {
        outcomes.push(outcome.expect("the test failed for a seed, see the message above"));
        if let Some(seed) = seeds.next() {
            running.spawn(test(seed));
        }
    }
    outcomes
}
