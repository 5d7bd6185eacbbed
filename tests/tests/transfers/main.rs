//! Uploads, downloads and copies of whole objects: sources, faults, cancellation, resuming, killed processes.

mod cancellation;
mod changing_sources;
mod clock_skew;
mod completion;
mod copies;
mod copy_verification;
mod corruption;
mod downloads;
mod dropped;
mod false_success;
mod faulty_downloads;
mod faulty_uploads;
mod killed_downloads;
mod killed_uploads;
mod named_pipes;
mod refused_connections;
mod resume;
mod retries_disabled;
mod slow_connections;
mod stalled_servers;
mod unexpected_answers;
mod unwritable_targets;
mod uploads;
