use std::path::PathBuf;

use clap::Parser;

use crate::size::parse_part_size;

const MAX_PARTS: u64 = 10_000;

/// Upload a file in parts and read it back.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// File to upload [default: a temporary file of 64 MiB]
    pub(crate) file: Option<PathBuf>,

    /// Key of the object [default: the file's name]
    #[arg(long)]
    pub(crate) key: Option<String>,

    /// Bucket to upload to; required if access keys are configured
    #[arg(long)]
    pub(crate) bucket: Option<String>,

    /// Size of a part, 4MiB to 5GiB
    #[arg(long, default_value = "8MiB", value_parser = parse_part_size)]
    pub(crate) part_size: u64,
}

impl Arguments {
    /// Returns the part size, or an error if the file would have more than 10,000 parts.
    pub(crate) fn part_size_for(&self, size: u64) -> Result<u64, String> {
        if size.div_ceil(self.part_size) <= MAX_PARTS {
            return Ok(self.part_size);
        }
        let enough = size.div_ceil(MAX_PARTS).div_ceil(1 << 20);
        Err(format!("a file of {size} bytes would have more than {MAX_PARTS} parts: use --part-size {enough}MiB"))
    }
}
