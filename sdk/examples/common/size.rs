const MIN_PART_SIZE: u64 = 4 << 20;
const MAX_PART_SIZE: u64 = 5 << 30;

/// Parses a number of bytes: `512KiB`, `8MiB`, `1GiB`, or a number without a unit.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        other => return Err(format!("unknown unit {other:?}; use KiB, MiB or GiB")),
    };
    let count: u64 = digits.trim().parse().map_err(|_| "expected a number and a unit, such as 8MiB".to_owned())?;
    match count.checked_mul(unit) {
        Some(0) => Err("size must be greater than 0".to_owned()),
        Some(bytes) => Ok(bytes),
        None => Err("size must be less than 16 EiB".to_owned()),
    }
}

/// Parses the size of a part: 4 MiB to 5 GiB.
pub(crate) fn parse_part_size(text: &str) -> Result<u64, String> {
    let bytes = parse_size(text)?;
    if (MIN_PART_SIZE..=MAX_PART_SIZE).contains(&bytes) {
        return Ok(bytes);
    }
    let is_in_mib = text.parse().is_ok_and(|count: u64| (4..=5 << 10).contains(&count));
    let hint = if is_in_mib { format!(": did you mean {text}MiB?") } else { String::new() };
    Err(format!("must be 4MiB to 5GiB, not {bytes} bytes{hint}"))
}
