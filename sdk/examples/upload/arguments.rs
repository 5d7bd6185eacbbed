use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use qingstor_sdk::Checksum;

use crate::common::size::{parse_part_size, parse_size};

/// Upload a file in concurrent parts.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// File to upload, or - for standard input
    pub(crate) file: PathBuf,

    /// Bucket to upload to; required if access keys are configured
    #[arg(long)]
    pub(crate) bucket: Option<String>,

    /// Key of the object [default: the file's name]
    #[arg(long)]
    key: Option<String>,

    /// Size of a part, 4MiB to 5GiB
    #[arg(long, default_value = "8MiB", value_parser = parse_part_size)]
    pub(crate) part_size: u64,

    /// Number of concurrent requests
    #[arg(long, default_value_t = 8)]
    pub(crate) concurrency: usize,

    /// Checksum that the server verifies
    #[arg(long, default_value = "md5")]
    checksum: ChecksumChoice,

    /// File that records the progress, so that an interrupted upload can be resumed
    #[arg(long)]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Maximum number of bytes per second, such as 10MiB
    #[arg(long, value_parser = parse_size)]
    pub(crate) bandwidth: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ChecksumChoice {
    Md5,
    None,
}

impl Arguments {
    pub(crate) fn is_standard_input(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    /// Checks the file before the first request is sent.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.is_standard_input() {
            return Ok(());
        }
        let file = self.file.display();
        match self.file.metadata() {
            Err(error) => Err(format!("{file} cannot be uploaded: {error}")),
            Ok(found) if found.is_dir() => Err(format!("{file} is a folder, not a file")),
            Ok(_) => Ok(()),
        }
    }

    pub(crate) fn key(&self) -> Result<String, String> {
        let name = || {
            self.file.file_name().filter(|_| !self.is_standard_input()).map(|name| name.to_string_lossy().into_owned())
        };
        self.key
            .clone()
            .or_else(name)
            .ok_or_else(|| "standard input has no name, so a key is required: use --key KEY".to_owned())
    }

    pub(crate) fn checksum(&self) -> Option<Checksum> {
        match self.checksum {
            ChecksumChoice::Md5 => Some(Checksum::Md5),
            ChecksumChoice::None => None,
        }
    }
}
