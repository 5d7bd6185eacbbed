//! What of a file's region is in memory, so that it need not be read a second time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::piece::{PIECE, Piece, PiecePool};

/// Long enough for what is on its way over a fast line; on a slow one, to read something twice costs nothing that matters.
const PATIENCE: Duration = Duration::from_millis(50);

/// How much of files may be held in memory, by all regions together.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// A permit a piece.
    room: Arc<Semaphore>,
    pieces: usize,
    pool: Arc<PiecePool>,
    idle: Arc<AtomicUsize>,
}

/// Room for some pieces.
#[derive(Debug, Default)]
pub(crate) struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    pub(crate) fn pieces(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

/// Somebody who could send, and has nothing to.
#[derive(Debug)]
pub(crate) struct Idle(Arc<AtomicUsize>);

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Memory {
    /// Bytes that are no whole piece are left out.
    pub(crate) fn of(bytes: u64) -> Self {
        let pieces = usize::try_from(bytes / PIECE as u64).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(pieces));
        Self { room, pieces, pool: PiecePool::keeping(pieces), idle: Arc::default() }
    }

    /// How many pieces can be held.
    pub(crate) fn pieces(&self) -> usize {
        self.pieces
    }

    /// Waits until there is room for so many pieces, which is no more than there ever is. But if somebody idles meanwhile,
    /// because what is held is on its way over a line that is slow or stands still, it is as much as there is: at once, if
    /// it `was_late` before.
    pub(crate) async fn room_for(&self, pieces: usize, was_late: &mut bool) -> Room {
        let permits = u32::try_from(pieces.min(self.pieces)).unwrap_or(u32::MAX);
        let acquiring = Arc::clone(&self.room).acquire_many_owned(permits);
        tokio::pin!(acquiring);
        let mut patience = if *was_late { Duration::ZERO } else { PATIENCE };
        loop {
            if let Ok(room) = timeout(patience, &mut acquiring).await {
                return Room(room.ok());
            }
            if self.idle.load(Ordering::Relaxed) > 0 {
                break;
            }
            patience = PATIENCE;
        }
        *was_late = true;
        // What it has gathered goes back first.
        acquiring.set(Arc::clone(&self.room).acquire_many_owned(0));
        let permits = u32::try_from(self.room.available_permits()).unwrap_or(u32::MAX).min(permits);
        Room(Arc::clone(&self.room).try_acquire_many_owned(permits).ok())
    }

    /// To be held by whoever could send, as long as there is nothing to.
    pub(crate) fn idle(&self) -> Idle {
        self.idle.fetch_add(1, Ordering::Relaxed);
        Idle(Arc::clone(&self.idle))
    }

    pub(crate) fn pool(&self) -> &Arc<PiecePool> {
        &self.pool
    }
}

/// Pieces of one region that wait to be sent, by where they begin. Each is taken once: when a part is sent again, what is
/// gone is read from the file.
#[derive(Debug, Default)]
pub(crate) struct HeldPieces(Mutex<BTreeMap<u64, Bytes>>);

impl HeldPieces {
    /// Holds the piece that begins `done` bytes into the region, as far as there is room.
    pub(crate) fn hold(&self, done: u64, piece: Piece, room: &mut Room) {
        if let Some(room) = room.0.as_mut().and_then(|room| room.split(1)) {
            let bytes = Bytes::from_owner(Held { piece, _room: room });
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(done, bytes);
        }
    }

    pub(super) fn take(&self, done: u64) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&done)
    }
}

/// There is room again when the last of its bytes is gone.
struct Held {
    piece: Piece,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.piece.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn piece(byte: u8, memory: &Memory) -> Piece {
        let mut piece = Piece::of(3, memory.pool());
        piece.as_mut().fill(byte);
        piece
    }

    #[tokio::test]
    async fn no_more_is_held_than_there_is_room_for_until_it_was_sent() {
        let memory = Memory::of(2 * PIECE as u64 + 1);
        let held = HeldPieces::default();
        let mut room = memory.room_for(3, &mut false).await;
        for (done, byte) in [(0, 1), (10, 2), (20, 3)] {
            held.hold(done, piece(byte, &memory), &mut room);
        }
        assert_eq!(held.take(20), None, "there was no room");
        let first = held.take(0).unwrap();
        assert_eq!(first, [1; 3].as_slice());
        assert_eq!(held.take(0), None, "only once");
        let mut was_late = false;
        let waiting = memory.room_for(2, &mut was_late);
        tokio::pin!(waiting);
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err(), "the first one is still on its way");
        drop((first, held.take(10), room));
        held.hold(20, piece(3, &memory), &mut waiting.await);
        assert_eq!(held.take(20).unwrap(), [3; 3].as_slice());
    }

    #[tokio::test]
    async fn who_idles_does_not_wait_for_what_does_not_move() {
        let memory = Memory::of(3 * PIECE as u64);
        let on_its_way = memory.room_for(1, &mut false).await;
        let mut was_late = false;
        assert!(timeout(3 * PATIENCE, memory.room_for(3, &mut was_late)).await.is_err(), "nobody idles");
        let idle = memory.idle();
        let room = memory.room_for(3, &mut was_late).await;
        assert_eq!((room.pieces(), was_late), (2, true));
        drop((idle, on_its_way));
        assert!(timeout(3 * PATIENCE, memory.room_for(3, &mut was_late)).await.is_err(), "nobody idles any more");
        drop(room);
        assert_eq!(memory.room_for(3, &mut was_late).await.pieces(), 3);
    }
}
