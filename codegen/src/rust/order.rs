//! The order in which rustfmt lists imports: that of versions, in which `v2` comes before `v10`.

use std::cmp::Ordering;

/// Compares two names as the Rust style guide says: underscores first, numbers by their value, and leading zeros only
/// where nothing else tells the names apart.
pub(super) fn by_version(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    let mut zeros = Ordering::Equal;
    loop {
        let ordering = match (left.first(), right.first()) {
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let (number, after) = number(left);
                let (other_number, other_after) = self::number(right);
                zeros = zeros.then((right.len() - other_after.len()).cmp(&(left.len() - after.len())));
                (left, right) = (after, other_after);
                number.len().cmp(&other_number.len()).then_with(|| number.cmp(other_number))
            }
            (Some(a), Some(b)) => {
                let rank = |byte: u8| (byte != b'_', byte);
                let ordering = rank(*a).cmp(&rank(*b));
                (left, right) = (&left[1..], &right[1..]);
                ordering
            }
            (None, None) => return zeros,
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// The digits at the beginning without leading zeros, and what follows them.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    let start = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    (&digits[start..], after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_rustfmt_orders_imports() {
        let ordered = [
            "ab_c",
            "get",
            "get_2x",
            "get_10x",
            "get_v",
            "get_v_kind",
            "get_v2",
            "get_v2a",
            "get_v10",
            "get2x",
            "get009",
            "get09",
            "get9",
            "get009_kind",
            "get9_kind",
            "get10x",
            "mat",
            "v02",
            "v2",
            "v02_kind",
        ];
        for (index, name) in ordered.iter().enumerate() {
            for (other_index, other) in ordered.iter().enumerate() {
                assert_eq!(by_version(name, other), index.cmp(&other_index), "{name} {other}");
            }
        }
    }
}
