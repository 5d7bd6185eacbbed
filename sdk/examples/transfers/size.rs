const SMALLEST_PART: u64 = 4 << 20;
const LARGEST_PART: u64 = 5 << 30;

/// A number of bytes: `512KiB`, `8MiB`, `1GiB`, or a bare number.
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
        Some(0) => Err("that is nothing at all".to_owned()),
        Some(bytes) => Ok(bytes),
        None => Err("that is too much".to_owned()),
    }
}

/// As `parse_size`, of what a part can have.
pub(crate) fn parse_part_size(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        bytes if (SMALLEST_PART..=LARGEST_PART).contains(&bytes) => Ok(bytes),
        bytes => {
            let mebibytes = if text.parse::<u64>().is_ok_and(|count| (4..=5 << 10).contains(&count)) {
                format!(": did you mean {text}MiB?")
            } else {
                String::new()
            };
            Err(format!("that is {bytes} bytes, and a part has 4MiB to 5GiB{mebibytes}"))
        }
    }
}
