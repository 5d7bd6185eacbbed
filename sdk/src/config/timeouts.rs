//! Time limits of requests, and their defaults.

use std::time::Duration;

use crate::error::{Error, Result};

/// Time limits of requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// Maximum time to connect, including name lookup and TLS handshake.
    pub(crate) connect: Duration,
    /// Maximum time in which no byte moves.
    pub(crate) idle: Duration,
    /// Maximum time between the last byte of a request that writes and the head of its response.
    pub(crate) response: Duration,
}

/// The documentation of the setters of [`Config`](super::Config) repeats these values.
impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), idle: Duration::from_secs(60), response: Duration::from_secs(120) }
    }
}

impl Timeouts {
    /// Returns an error if a limit is zero.
    pub(super) fn check(&self) -> Result<()> {
        let limits =
            [("connect_timeout", self.connect), ("idle_timeout", self.idle), ("response_timeout", self.response)];
        match limits.iter().find(|(_, limit)| limit.is_zero()) {
            Some((name, _)) => Err(Error::config(format!(
                "{name} is zero, so every request would fail; set a very long time to disable the limit"
            ))),
            None => Ok(()),
        }
    }
}
