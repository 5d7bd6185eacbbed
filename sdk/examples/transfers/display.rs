use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use qingstor_sdk::TransferProgress;

const STYLE: &str = "{percent:>3}% {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}{msg}";

/// A bar on a terminal; elsewhere a line for each tenth.
#[derive(Clone)]
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    tenths: Arc<AtomicU64>,
}

impl Display {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(STYLE).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::no_length().with_style(style.progress_chars("=> "));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar, tenths: Arc::default() }
    }

    pub(crate) fn show(&self, progress: TransferProgress) {
        let total = progress.total_bytes.unwrap_or(0);
        if let Some(bar) = &self.bar {
            // What was there is no speed: the bar begins with it.
            if bar.length() != Some(total) || bar.position() < progress.resumed_bytes {
                bar.set_length(total);
                bar.set_position(progress.resumed_bytes);
                bar.reset_eta();
            }
            bar.set_position(progress.bytes);
            if progress.retried_bytes > 0 {
                bar.set_message(format!(" ({} in vain)", HumanBytes(progress.retried_bytes)));
            }
            return;
        }
        let tenth = (progress.bytes * 10).checked_div(total).unwrap_or(0);
        if self.tenths.fetch_max(tenth, Ordering::Relaxed) < tenth {
            eprintln!("{} of {}", HumanBytes(progress.bytes), HumanBytes(total));
        }
    }

    /// Leaves the bar where it is. What is printed next begins a line of its own.
    pub(crate) fn stop(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
            eprintln!();
        }
    }
}
