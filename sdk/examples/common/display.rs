use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use qingstor_sdk::TransferProgress;

const OF_TOTAL: &str = "{percent:>3}% {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}{msg}";
/// Template for a transfer of unknown size, such as the upload of a pipe.
const WITHOUT_TOTAL: &str = "{spinner} {bytes} {bytes_per_sec}{msg}";

/// Shows the progress of a transfer on standard error.
///
/// On a terminal it is a progress bar. Otherwise a line is printed for each tenth of the transfer, or for each doubling of
/// the transferred bytes if the total is unknown.
#[derive(Clone)]
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    milestone: Arc<AtomicU64>,
}

impl Display {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length().with_style(style(WITHOUT_TOTAL));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar, milestone: Arc::default() }
    }

    pub(crate) fn show(&self, progress: TransferProgress) {
        let Some(bar) = &self.bar else { return self.print(progress) };
        if let Some(total) = progress.total_bytes {
            // The speed must not include bytes that an earlier run transferred.
            if bar.length() != Some(total) || bar.position() < progress.resumed_bytes {
                bar.set_style(style(OF_TOTAL));
                bar.set_length(total);
                bar.set_position(progress.resumed_bytes);
                bar.reset_eta();
            }
        }
        bar.set_position(progress.bytes);
        if progress.retried_bytes > 0 {
            bar.set_message(format!(" ({} retried)", HumanBytes(progress.retried_bytes)));
        }
    }

    fn print(&self, progress: TransferProgress) {
        let (milestone, of_total) = match progress.total_bytes {
            Some(total) => {
                ((progress.bytes * 10).checked_div(total).unwrap_or(0), format!(" of {}", HumanBytes(total)))
            }
            None => {
                (u64::from((progress.bytes >> 20).checked_ilog2().map_or(0, |doublings| doublings + 1)), String::new())
            }
        };
        if self.milestone.fetch_max(milestone, Ordering::Relaxed) < milestone {
            eprintln!("{}{of_total}", HumanBytes(progress.bytes));
        }
    }

    /// Stops the progress bar and starts a new line.
    pub(crate) fn stop(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
            eprintln!();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ")
}
