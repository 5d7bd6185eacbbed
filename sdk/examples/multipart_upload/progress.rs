use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

const STYLE: &str = "{msg} [{bar:32}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";

/// Shows the progress of a transfer: on a terminal as a bar, otherwise as a line for each tenth of the bytes.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    action: &'static str,
    total: u64,
    done: Cell<u64>,
    start: Instant,
}

impl Progress {
    pub(crate) fn new(action: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(STYLE).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(total).with_style(style.progress_chars("=> ")).with_message(action);
            // Updates the remaining time while a large part is sent.
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar, action, total, done: Cell::new(0), start: Instant::now() }
    }

    pub(crate) fn advance(&self, bytes: u64) {
        let before = self.done.get();
        let done = before + bytes;
        self.done.set(done);
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if self.total > 0 && done * 10 / self.total > before * 10 / self.total => {
                println!("{} {} of {}", self.action, HumanBytes(done), HumanBytes(self.total));
            }
            None => {}
        }
    }

    pub(crate) fn finish(&self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
        self.start.elapsed()
    }
}

/// Returns a summary such as `64.00 MiB in 0.21 s, 304.76 MiB/s`.
pub(crate) fn summary(bytes: u64, elapsed: Duration) -> String {
    let rate = bytes as f64 / elapsed.as_secs_f64().max(1e-9);
    format!("{} in {:.2} s, {}/s", HumanBytes(bytes), elapsed.as_secs_f64(), HumanBytes(rate as u64))
}
