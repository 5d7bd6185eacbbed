//! The same test with many seeds, several at once.

use std::env;

use tokio::task::JoinSet;

/// The seeds that a test tries: as many as a variable of the environment says, or `usual`; with `QINGSTOR_SEED`, that one
/// alone.
pub fn seeds(variable: &str, usual: u64) -> Vec<u64> {
    let number = |name: &str| {
        let text = env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text}: it has to be a number")))
    };
    match number("QINGSTOR_SEED") {
        Some(seed) => vec![seed],
        None => (0..number(variable).unwrap_or(usual)).collect(),
    }
}

/// What comes of a test for each of the seeds, so many of them under way at the same time.
///
/// # Panics
///
/// If one does. It ought to name its seed.
pub async fn for_each_seed<T, F>(seeds: Vec<u64>, at_once: usize, test: impl Fn(u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut seeds = seeds.into_iter();
    let mut under_way: JoinSet<T> = seeds.by_ref().take(at_once).map(&test).collect();
    let mut outcomes = Vec::new();
    while let Some(outcome) = under_way.join_next().await {
        outcomes.push(outcome.expect("what went wrong is above"));
        if let Some(seed) = seeds.next() {
            under_way.spawn(test(seed));
        }
    }
    outcomes
}
