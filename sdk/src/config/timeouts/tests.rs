use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::Body as _;
use tokio::time::sleep;

use super::*;
use crate::Body;
use crate::body::Observer;

const PATIENCE: Patience = Patience { idle: Duration::from_secs(15), response: Duration::from_secs(120) };

/// As much as is handed over at once to a line that may be slow.
const PIECE: usize = 64 << 10;

const NOTHING: Duration = Duration::ZERO;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Of so many pieces.
fn body(pieces: usize) -> Body {
    Body::from(vec![7; pieces * PIECE])
}

/// What is said of a line that takes so many pieces and pauses so long, in turn, takes one more and stands still; and when.
async fn said(mut body: Body, steps: impl IntoIterator<Item = (usize, Duration)>) -> (String, u64) {
    let progress = Progress::new();
    let mut attempt = body.attempt(&progress);
    progress.expect(body.len());
    let begun = Instant::now();
    let line = async {
        for (pieces, pause) in steps.into_iter().chain([(1, NOTHING)]) {
            for _ in 0..pieces {
                poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await.unwrap().unwrap();
            }
            sleep(pause).await;
        }
        pending::<()>().await;
    };
    let error = PATIENCE.wait_for(pin!(line), &progress).await.unwrap_err();
    (error.to_string(), begun.elapsed().as_secs())
}

fn nothing_moved(limit: u64) -> String {
    format!("nothing moved for {limit} s")
}

fn no_answer(limit: u64) -> String {
    format!("no answer came in the {limit} s after everything was sent")
}

#[tokio::test(start_paused = true)]
async fn a_line_that_never_paused_has_the_limit() {
    assert_eq!(said(body(16), [(4, NOTHING)]).await, (nothing_moved(15), 15));
    // While it was connected, nothing could move.
    assert_eq!(said(body(16), [(0, seconds(9)), (4, NOTHING)]).await, (nothing_moved(15), 24));
    // Any machine is busy now and then.
    assert_eq!(said(body(16), [(4, Duration::from_millis(999)), (1, NOTHING)]).await.0, nothing_moved(15));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_paused_may_do_so_eight_times_as_long_but_no_longer_than_four_limits() {
    assert_eq!(said(body(16), [(4, seconds(1))]).await, (nothing_moved(15), 1 + 15));
    assert_eq!(said(body(16), [(4, seconds(3))]).await, (nothing_moved(24), 3 + 24));
    assert_eq!(said(body(16), [(4, seconds(3)), (1, seconds(20))]).await, (nothing_moved(60), 3 + 20 + 60));
    let longer_and_longer = [(4, seconds(3)), (1, seconds(20)), (1, seconds(59)), (1, seconds(2))];
    assert_eq!(said(body(16), longer_and_longer).await, (nothing_moved(60), 3 + 20 + 59 + 2 + 60));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_fast_again_has_the_limit() {
    assert_eq!(said(body(96), [(16, seconds(3)), (63, NOTHING)]).await, (nothing_moved(24), 3 + 24));
    assert_eq!(said(body(96), [(16, seconds(3)), (64, NOTHING)]).await, (nothing_moved(15), 3 + 15));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_goes_on_to_pause_is_slow_however_much_it_moves() {
    let steps = [(4, seconds(3)), (4, seconds(20))].into_iter().chain([(16, seconds(19)); 9]);
    assert_eq!(said(body(192), steps).await, (nothing_moved(60), 3 + 20 + 9 * 19 + 60));
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_line_has_still_to_send_is_allowed_for_before_the_answer() {
    assert_eq!(said(body(5), [(4, NOTHING)]).await, (no_answer(120), 120));
    assert_eq!(said(body(5), [(4, seconds(12))]).await, (no_answer(240), 12 + 240));
    assert_eq!(said(body(5), [(3, seconds(8)), (1, seconds(59))]).await, (no_answer(480), 8 + 59 + 480));
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_is_slow_with_is_no_pause_of_the_line() {
    let slowly = stream::iter(0..16).then(|_| async {
        sleep(seconds(10)).await;
        Ok::<_, std::io::Error>(Bytes::from(vec![7; PIECE]))
    });
    let body = Body::stream(16 * PIECE as u64, slowly);
    assert_eq!(said(body, [(4, NOTHING)]).await, (nothing_moved(15), 5 * 10 + 15));
}

/// Lets a piece through every ten seconds.
struct Limited;

impl Observer for Limited {
    fn begin(&self) -> u32 {
        1
    }

    fn sent(&self, _: u32, _: u64) {}

    fn most_at_once(&self) -> usize {
        PIECE
    }

    fn pause_after(&self, _: u64) -> Option<Duration> {
        Some(seconds(10))
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_limit_of_bandwidth_lets_wait_is_no_pause_of_the_line() {
    let body = body(16).observed(Arc::new(Limited));
    assert_eq!(said(body, [(4, NOTHING)]).await, (nothing_moved(15), 4 * 10 + 15));
}

#[test]
fn no_limit_stays_none() {
    let patience = Patience { idle: Duration::MAX, response: Duration::MAX };
    assert_eq!((patience.for_movement(seconds(10)), patience.for_answer(seconds(10))), (Duration::MAX, Duration::MAX));
}
