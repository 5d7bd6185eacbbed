//! All parts, several at a time.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tracing::Instrument;

use super::multipart::{CompletedPart, MultipartUpload};
use crate::error::Result;
use crate::md5_lanes::{LANES, Md5Sum, VECTOR};
use crate::transfer::etag::Checksum;
use crate::transfer::hashing::sums_of;
use crate::transfer::part_size::MAX_PARTS;
use crate::transfer::source::Region;
use crate::transfer::tasks::all;

/// A part that is there to be sent.
pub(super) struct PendingPart {
    pub(super) number: u32,
    pub(super) region: Region,
}

type Ready = (PendingPart, Option<Md5Sum>);

/// Where whoever has parts sends them.
pub(super) type Feed = mpsc::Sender<PendingPart>;

/// A feed, and where it leads. It has room for as many parts as are hashed together.
pub(super) fn feed() -> (Feed, mpsc::Receiver<PendingPart>) {
    mpsc::channel(LANES)
}

/// Hands over parts that are all there.
pub(super) async fn hand_over(parts: Vec<PendingPart>, feed: Feed) -> Result<()> {
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
    upload: &Arc<MultipartUpload>,
    feeding: F,
    waiting: mpsc::Receiver<PendingPart>,
    concurrency: usize,
    checksum: Option<Checksum>,
) -> Result<Vec<CompletedPart>>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    // What was hashed is read again to be sent: not so far ahead that the system may have forgotten it by then.
    let (sender, ready) = mpsc::channel(VECTOR);
    let ready = Arc::new(Mutex::new(ready));
    let mut tasks = JoinSet::new();
    tasks.spawn(async { feeding.await.map(|()| Vec::new()) }.in_current_span());
    tasks.spawn(make_ready(waiting, sender, checksum).in_current_span());
    // There are no more parts than that.
    for _ in 0..concurrency.min(MAX_PARTS as usize) {
        tasks.spawn(send_ready(Arc::clone(upload), Arc::clone(&ready)).in_current_span());
    }
    // Who makes parts ready has to notice when nobody takes them any more.
    drop(ready);
    let outcome = all(&mut tasks).await;
    tasks.shutdown().await;
    let mut sent: Vec<CompletedPart> = outcome?.into_iter().flatten().collect();
    sent.sort_by_key(|part| part.number);
    Ok(sent)
}

/// Hashes parts ahead of those who send them, as many together as there are.
async fn make_ready(
    mut waiting: mpsc::Receiver<PendingPart>,
    ready: mpsc::Sender<Ready>,
    checksum: Option<Checksum>,
) -> Result<Vec<CompletedPart>> {
    let mut parts = Vec::with_capacity(LANES);
    while waiting.recv_many(&mut parts, LANES).await > 0 {
        let sums = match checksum {
            None => vec![None; parts.len()],
            Some(Checksum::Md5) => {
                let regions = parts.iter().map(|part| part.region.clone()).collect();
                sums_of(regions).await?.into_iter().map(Some).collect()
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
    upload: Arc<MultipartUpload>,
    ready: Arc<Mutex<mpsc::Receiver<Ready>>>,
) -> Result<Vec<CompletedPart>> {
    let mut sent = Vec::new();
    loop {
        let next = ready.lock().await.recv().await;
        let Some((part, sum)) = next else { return Ok(sent) };
        sent.push(upload.send_part(part.number, &part.region, sum).await?);
    }
}
