use std::path::PathBuf;

use clap::Parser;

const MIB: u64 = 1 << 20;
const SMALLEST_PART: u64 = 4 * MIB;
const LARGEST_PART: u64 = 5 << 30;
const MOST_PARTS: u64 = 10_000;

/// Upload a file in parts, and read it back.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// File to upload; one of 64 MiB is made if none is named
    pub(crate) file: Option<PathBuf>,

    /// Key of the object [default: the file's name]
    #[arg(long)]
    pub(crate) key: Option<String>,

    /// Bucket to upload to; needed if access keys are configured
    #[arg(long)]
    pub(crate) bucket: Option<String>,

    /// Size of a part, 4MiB to 5GiB
    #[arg(long, default_value = "8MiB", value_parser = parse_size)]
    pub(crate) part_size: u64,
}

impl Arguments {
    /// The part size that was asked for, if no more than 10,000 parts come of it.
    pub(crate) fn part_size_for(&self, size: u64) -> Result<u64, String> {
        if size.div_ceil(self.part_size) <= MOST_PARTS {
            return Ok(self.part_size);
        }
        let enough = size.div_ceil(MOST_PARTS).div_ceil(MIB);
        Err(format!("{size} bytes would be more than {MOST_PARTS} parts; try --part-size {enough}MiB"))
    }
}

fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => MIB,
        "g" | "gib" => 1 << 30,
        other => return Err(format!("unknown unit {other:?}; use KiB, MiB or GiB")),
    };
    let count: u64 = digits.trim().parse().map_err(|_| "expected a number and a unit, such as 8MiB".to_owned())?;
    match count.checked_mul(unit) {
        Some(size) if (SMALLEST_PART..=LARGEST_PART).contains(&size) => Ok(size),
        _ => Err("a part has 4MiB to 5GiB".to_owned()),
    }
}
