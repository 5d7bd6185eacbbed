use std::path::PathBuf;

use clap::Parser;

use crate::common::size::{parse_part_size, parse_size};

/// Download an object to a file or to standard output in concurrent ranges.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// File to write, or - for standard output; an existing file is replaced when the download is complete
    pub(crate) file: PathBuf,

    /// Bucket to download from; required if access keys are configured
    #[arg(long)]
    pub(crate) bucket: Option<String>,

    /// Key of the object
    #[arg(long)]
    pub(crate) key: String,

    /// Size of a range, 4MiB to 5GiB
    #[arg(long, default_value = "8MiB", value_parser = parse_part_size)]
    pub(crate) part_size: u64,

    /// Number of concurrent requests
    #[arg(long, default_value_t = 8)]
    pub(crate) concurrency: usize,

    /// Maximum number of bytes per second, such as 10MiB
    #[arg(long, value_parser = parse_size)]
    pub(crate) bandwidth: Option<u64>,
}

impl Arguments {
    pub(crate) fn is_standard_output(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    /// Checks the file before the first request is sent.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.is_standard_output() {
            return Ok(());
        }
        let file = self.file.display();
        if self.file.is_dir() {
            return Err(format!("{file} is a folder: name a file in that folder"));
        }
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Err(format!("{file} cannot be written: the folder {} does not exist", folder.display()))
            }
            _ => Ok(()),
        }
    }
}
