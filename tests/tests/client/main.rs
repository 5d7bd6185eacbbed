//! Behaviour that all operations share: retries, timeouts, errors, addresses, proxies, pagination, secrets.

mod clock_skew;
mod errors;
mod pagination;
mod proxies;
mod resending;
mod retries;
mod retry_after;
mod secrets;
mod timeouts;
mod virtual_host;
