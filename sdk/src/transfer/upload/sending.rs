//! All parts, several at a time.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tracing::Instrument;

use super::session::{SentPart, Session};
use crate::body::Memory;
use crate::error::Result;
use crate::transfer::checksum::Checksum;
use crate::transfer::hashing::sums_of;
use crate::transfer::limits::MOST_PARTS;
use crate::transfer::md5::{LANES, Md5Sum, VECTOR};
use crate::transfer::source::Region;
use crate::transfer::tasks::all;

/// How parts are made ready.
pub(super) struct Preparation {
    pub(super) checksum: Option<Checksum>,
    /// Where what was hashed is held until it is sent.
    pub(super) memory: Memory,
    /// How many parts are hashed at once.
    pub(super) together: usize,
}

impl Preparation {
    /// For parts that are in memory already, or are to be read twice.
    pub(super) fn holding_nothing(checksum: Option<Checksum>) -> Self {
        Self { checksum, memory: Memory::of(0), together: LANES }
    }

    /// For parts of that size of a file, of which so many bytes may be held.
    pub(super) fn holding(checksum: Option<Checksum>, bytes: u64, part_size: u64) -> Self {
        // To hash twice as many at once saves no more than to read all of them once instead of twice.
        let fits = |parts: usize| part_size.saturating_mul(parts as u64) <= bytes;
        let together = if fits(VECTOR) && !fits(LANES) { VECTOR } else { LANES };
        Self { checksum, memory: Memory::of(bytes), together }
    }
}

/// A part that is there to be sent.
pub(super) struct Waiting {
    pub(super) number: u32,
    pub(super) region: Region,
}

type Ready = (Waiting, Option<Md5Sum>);

/// Where whoever has parts sends them.
pub(super) type Feed = mpsc::Sender<Waiting>;

/// A feed, and where it leads. It has room for as many parts as are hashed together.
pub(super) fn feed() -> (Feed, mpsc::Receiver<Waiting>) {
    mpsc::channel(LANES)
}

/// Hands over parts that are all there.
pub(super) async fn hand_over(parts: Vec<Waiting>, feed: Feed) -> Result<()> {
    for part in parts {
        if feed.send(part).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Sends the parts that `feeding` hands over; in case of an error, only after none is under way any more does it return.
///
/// Dropping the future stops them all.
pub(super) async fn send_parts<F>(
    session: &Arc<Session>,
    feeding: F,
    waiting: mpsc::Receiver<Waiting>,
    concurrency: usize,
    preparation: Preparation,
) -> Result<Vec<SentPart>>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    // What is hashed is ahead of what is sent by as much as there is memory for.
    let (sender, ready) = mpsc::channel(LANES);
    let ready = Arc::new(Mutex::new(ready));
    let mut tasks = JoinSet::new();
    tasks.spawn(async { feeding.await.map(|()| Vec::new()) }.in_current_span());
    let memory = preparation.memory.clone();
    tasks.spawn(make_ready(waiting, sender, preparation).in_current_span());
    // There are no more parts than that.
    for _ in 0..concurrency.min(MOST_PARTS as usize) {
        tasks.spawn(send_ready(Arc::clone(session), Arc::clone(&ready), memory.clone()).in_current_span());
    }
    // Who makes parts ready has to notice when nobody takes them any more.
    drop(ready);
    let outcome = all(&mut tasks).await;
    tasks.shutdown().await;
    let mut sent: Vec<SentPart> = outcome?.into_iter().flatten().collect();
    sent.sort_by_key(|part| part.number);
    Ok(sent)
}

/// Hashes parts ahead of those who send them, as many together as there are.
async fn make_ready(
    mut waiting: mpsc::Receiver<Waiting>,
    ready: mpsc::Sender<Ready>,
    preparation: Preparation,
) -> Result<Vec<SentPart>> {
    let Preparation { checksum, memory, together } = preparation;
    let mut parts = Vec::with_capacity(together);
    while waiting.recv_many(&mut parts, together).await > 0 {
        let sums = match checksum {
            None => vec![None; parts.len()],
            Some(Checksum::Md5) => {
                let regions = parts.iter().map(|part| part.region.clone()).collect();
                sums_of(regions, &memory).await?.into_iter().map(Some).collect()
            }
        };
        for part in parts.drain(..).zip(sums) {
            if ready.send(part).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }
    Ok(Vec::new())
}

async fn send_ready(
    session: Arc<Session>,
    ready: Arc<Mutex<mpsc::Receiver<Ready>>>,
    memory: Memory,
) -> Result<Vec<SentPart>> {
    let mut sent = Vec::new();
    loop {
        let idle = memory.idle();
        let next = ready.lock().await.recv().await;
        drop(idle);
        let Some((part, sum)) = next else { return Ok(sent) };
        sent.push(session.send_part(part.number, &part.region, sum).await?);
    }
}
