use std::path::PathBuf;

use clap::Parser;

use crate::transfers::{parse_part_size, parse_size};

/// Download an object to a file, several ranges at a time.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// File that it becomes; one that is there is replaced when the download is whole
    pub(crate) file: PathBuf,

    /// Bucket to download from; needed if access keys are configured
    #[arg(long)]
    pub(crate) bucket: Option<String>,

    /// Key of the object
    #[arg(long)]
    pub(crate) key: String,

    /// How much one request fetches, 4MiB to 5GiB
    #[arg(long, default_value = "8MiB", value_parser = parse_part_size)]
    pub(crate) part_size: u64,

    /// How many requests are under way at the same time
    #[arg(long, default_value_t = 8)]
    pub(crate) concurrency: usize,

    /// How much is fetched in a second at the most, such as 10MiB
    #[arg(long, value_parser = parse_size)]
    pub(crate) bandwidth: Option<u64>,
}

impl Arguments {
    /// Finds out early what can be known without a server.
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

    /// Where the SDK keeps what is there as long as it is not all.
    pub(crate) fn partial(&self) -> PathBuf {
        let mut partial = self.file.clone().into_os_string();
        partial.push(".qsdownload");
        partial.into()
    }
}
