//! The rules for headers that users name: `x-qs-meta-…`.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use super::RequestEncoder;

/// Names (without the prefix) and values together, in bytes.
const LARGEST_TOTAL: usize = 2048;
const LONGEST_NAME: usize = 512;

#[allow(dead_code, reason = "the specification decides what of this is used")]
impl RequestEncoder {
    /// One header per entry. Names are case-insensitive, so two that differ in case only are refused.
    pub(crate) fn header_map(&mut self, field: &'static str, prefix: &'static str, entries: &BTreeMap<String, String>) {
        for (name, value) in self.valid_entries(field, entries) {
            match header(prefix, name, value) {
                Ok((name, value)) => self.insert_header(name, value),
                Err(problem) => self.refuse(field, problem),
            }
        }
    }

    /// The entries that can be sent; the others are refused.
    pub(super) fn valid_entries<'e>(
        &mut self,
        field: &'static str,
        entries: &'e BTreeMap<String, String>,
    ) -> Vec<(&'e str, &'e str)> {
        let mut total = 0;
        let mut valid: Vec<(&str, &str)> = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            total += name.len() + value.len();
            match check_entry(name, value) {
                Ok(()) if valid.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) => {
                    let name = name.to_ascii_lowercase();
                    self.refuse(field, format!("has the name {name} twice: names are not case-sensitive"));
                }
                Ok(()) => valid.push((name, value)),
                Err(problem) => self.refuse(field, problem),
            }
        }
        if total > LARGEST_TOTAL {
            self.refuse(field, format!("has {total} bytes of names and values, but must have at most {LARGEST_TOTAL}"));
        }
        valid
    }
}

fn check_entry(name: &str, value: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(allowed) {
        return Err(format!(
            "has the name {name:?}, but names must be 1 to {LONGEST_NAME} letters, digits, `-`, `_` and `.`"
        ));
    }
    if !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || value.trim() != value {
        return Err(format!(
            "has a value under {name} that is not printable ASCII, or that begins or ends with a space: encode it first, \
             for example with percent-encoding"
        ));
    }
    Ok(())
}

fn header(prefix: &str, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let header = HeaderName::from_bytes(format!("{prefix}{name}").as_bytes());
    match (header, HeaderValue::from_str(value)) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        _ => Err(format!("cannot send {name} as a header")),
    }
}
