//! Options that uploads, downloads and copies share.

use std::path::PathBuf;
use std::sync::Arc;

use super::etag::Checksum;
use super::part_size::{DEFAULT_CONCURRENCY, DEFAULT_PART_SIZE, MIB, check_part_size};
use super::progress::{Callback, Meter};
use super::rate_limiter::RateLimiter;
use super::tasks::Cancellation;
use crate::error::{Error, Result};

/// Options of a transfer. Each builder offers the options that apply to it.
pub(crate) struct TransferOptions {
    /// Size of a part in bytes.
    pub(crate) part_size: u64,
    /// Maximum number of requests in flight.
    pub(crate) concurrency: usize,
    /// Checksum that the bytes are verified with. `None` skips the verification.
    pub(crate) checksum: Option<Checksum>,
    /// Maximum number of bytes per second. `None` is unlimited.
    pub(crate) bandwidth: Option<u64>,
    /// Maximum number of bytes of a stream that are held in memory.
    pub(crate) memory_budget: Option<u64>,
    /// Path of the file from which an interrupted transfer is resumed.
    pub(crate) checkpoint: Option<PathBuf>,
    pub(crate) on_progress: Option<Callback>,
    pub(crate) cancellation: Cancellation,
}

impl Default for TransferOptions {
    fn default() -> Self {
        Self {
            part_size: DEFAULT_PART_SIZE,
            concurrency: DEFAULT_CONCURRENCY,
            checksum: Some(Checksum::Md5),
            bandwidth: None,
            memory_budget: None,
            checkpoint: None,
            on_progress: None,
            cancellation: Cancellation::default(),
        }
    }
}

impl TransferOptions {
    /// Checks the options and creates the meter of the transfer.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if an option is out of its limits.
    pub(crate) fn meter(&self) -> Result<Arc<Meter>> {
        check_part_size(self.part_size)?;
        if self.concurrency == 0 {
            return Err(Error::invalid_input(format!(
                "concurrency is 0 requests, but a transfer needs at least 1: raise it, or leave it unset for \
                 {DEFAULT_CONCURRENCY}"
            )));
        }
        let rate_limiter = self.bandwidth.map(RateLimiter::new).transpose()?;
        Ok(Meter::new(self.on_progress.clone(), rate_limiter))
    }

    /// Returns the memory budget for the ranges of a stream that is read, in bytes.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the configured budget is smaller than one range.
    pub(crate) fn stream_memory(&self) -> Result<u64> {
        match self.memory_budget {
            Some(bytes) if bytes < self.part_size => Err(Error::invalid_input(format!(
                "memory_budget is {bytes} bytes, but a range has {} bytes: raise it, or lower part_size",
                self.part_size
            ))),
            Some(bytes) => Ok(bytes),
            None => Ok(self.part_size.saturating_mul(self.concurrency as u64)),
        }
    }

    /// Returns the memory budget for the parts of a reader, in MiB.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the configured budget is smaller than two parts.
    pub(crate) fn reader_memory(&self) -> Result<u64> {
        let part = self.part_size.div_ceil(MIB);
        // The second part is read before the first is sent, because one request is enough if there is only one part.
        let min = part.saturating_mul(2);
        match self.memory_budget {
            Some(bytes) if bytes / MIB < min => Err(Error::invalid_input(format!(
                "memory_budget is {bytes} bytes, but a reader needs at least {} bytes, for two parts of {} bytes: raise it, \
                 or lower part_size",
                min * MIB,
                self.part_size
            ))),
            Some(bytes) => Ok(bytes / MIB),
            None => Ok(part.saturating_mul(self.concurrency as u64).max(min)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn defaults_are_those_in_the_documentation() {
        let options = TransferOptions::default();
        assert_eq!((options.part_size, options.concurrency), (8 * MIB, 8));
        assert_eq!((options.checksum, options.bandwidth), (Some(Checksum::Md5), None));
        assert_eq!((options.memory_budget, options.checkpoint), (None, None));
    }

    #[test]
    fn errors_name_the_option_its_value_its_limit_and_a_remedy() {
        let default = TransferOptions::default;
        for (options, message) in [
            (TransferOptions { part_size: 1, ..default() }, "part_size is 1 bytes, but a part has 4 MiB"),
            (
                TransferOptions { concurrency: 0, ..default() },
                "concurrency is 0 requests, but a transfer needs at least 1",
            ),
            (TransferOptions { bandwidth: Some(0), ..default() }, "bandwidth is 0 bytes per second, but"),
            (TransferOptions { memory_budget: Some(MIB), ..default() }, "memory_budget is 1048576 bytes, but"),
        ] {
            for outcome in [options.reader_memory(), options.stream_memory()] {
                let error = options.meter().and(outcome).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                assert!(error.to_string().contains(message), "{error}");
            }
        }
    }

    #[test]
    fn reader_memory_holds_the_parts_in_flight() {
        let memory =
            |concurrency| TransferOptions { concurrency, ..TransferOptions::default() }.reader_memory().unwrap();
        assert_eq!([1, 2, 3].map(memory), [16, 16, 24]);
    }
}
