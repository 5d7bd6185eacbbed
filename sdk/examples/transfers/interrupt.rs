use std::process::exit;

use tokio::signal::ctrl_c;

/// The exit code after Ctrl-C, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Ends with the first Ctrl-C. The second one ends the program, whatever it waits for.
pub(crate) async fn interrupted() {
    if ctrl_c().await.is_err() {
        // Without signals nothing interrupts.
        return std::future::pending().await;
    }
    tokio::spawn(async {
        if ctrl_c().await.is_ok() {
            exit(i32::from(INTERRUPTED));
        }
    });
}
