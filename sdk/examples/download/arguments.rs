use std::path::PathBuf;

use clap::Parser;

use crate::common::size::{parse_part_size, parse_size};

/// Download an object to a file, several ranges at a time.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// Target file; an existing one is replaced when the download is complete
    pub(crate) file: PathBuf,

    /// Bucket to download from; needed if access keys are configured
    #[arg(long)]
    pub(crate) bucket: Option<String>,

    /// Key of the object
    #[arg(long)]
    pub(crate) key: String,

    /// Size of a range, 4MiB to 5GiB
    #[arg(long, default_value = "8MiB", value_parser = parse_part_size)]
    pub(crate) part_size: u64,

    /// Number of requests in flight
    #[arg(long, default_value_t = 8)]
    pub(crate) concurrency: usize,

    /// Maximum bytes per second, such as 10MiB
    #[arg(long, value_parser = parse_size)]
    pub(crate) bandwidth: Option<u64>,
}

impl Arguments {
    /// Checks what can be checked without a server.
    pub(crate) fn check(&self) -> Result<(), String> {
        let file = self.file.display();
        if self.file.is_dir() {
            return Err(format!("{file} is a folder: name a file in it"));
        }
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Err(format!("{file} cannot be written: there is no folder {}", folder.display()))
            }
            _ => Ok(()),
        }
    }
}
