use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use qingstor_sdk::Checksum;

/// Upload a file in parts, several at a time.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// File to upload
    pub(crate) file: PathBuf,

    /// Bucket to upload to; needed if access keys are configured
    #[arg(long)]
    pub(crate) bucket: Option<String>,

    /// Key of the object [default: the file's name]
    #[arg(long)]
    key: Option<String>,

    /// Size of a part, 4MiB to 5GiB
    #[arg(long, default_value = "8MiB", value_parser = parse_size)]
    pub(crate) part_size: u64,

    /// How many parts are sent at the same time
    #[arg(long, default_value_t = 8)]
    pub(crate) concurrency: usize,

    /// What the bytes are checked by
    #[arg(long, default_value = "md5")]
    checksum: Check,

    /// File by which an upload that was interrupted is resumed
    #[arg(long)]
    pub(crate) checkpoint: Option<PathBuf>,

    /// How much is sent in a second at the most, such as 10MiB
    #[arg(long, value_parser = parse_size)]
    pub(crate) bandwidth: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Check {
    Md5,
    None,
}

impl Arguments {
    pub(crate) fn key(&self) -> Result<String, String> {
        let name = || self.file.file_name().map(|name| name.to_string_lossy().into_owned());
        self.key.clone().or_else(name).ok_or_else(|| "which key? Say it with --key KEY".to_owned())
    }

    pub(crate) fn checksum(&self) -> Option<Checksum> {
        match self.checksum {
            Check::Md5 => Some(Checksum::Md5),
            Check::None => None,
        }
    }
}

fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        other => return Err(format!("unknown unit {other:?}; use KiB, MiB or GiB")),
    };
    let count: u64 = digits.trim().parse().map_err(|_| "expected a number and a unit, such as 8MiB".to_owned())?;
    count.checked_mul(unit).ok_or_else(|| "that is too much".to_owned())
}
