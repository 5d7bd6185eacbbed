//! Checks that several settings share.

/// Ids tell the entries of a list apart.
pub(super) fn check_ids<'a>(
    list: &str,
    ids: impl Iterator<Item = &'a str>,
    longest: Option<usize>,
) -> Result<(), String> {
    let mut seen = Vec::new();
    for (index, id) in ids.enumerate() {
        if id.is_empty() {
            return Err(format!("{list}[{index}].id: is empty"));
        }
        if let Some(longest) = longest.filter(|longest| id.chars().count() > *longest) {
            return Err(format!("{list}[{index}].id: has more than {longest} characters"));
        }
        if seen.contains(&id) {
            return Err(format!("{list}[{index}].id: \"{id}\" is the id of an earlier entry"));
        }
        seen.push(id);
    }
    Ok(())
}

pub(super) fn check_not_empty<T>(field: &str, list: &[T]) -> Result<(), String> {
    if list.is_empty() { Err(format!("{field}: is empty")) } else { Ok(()) }
}

pub(super) fn check_length(field: &str, length: usize, longest: usize) -> Result<(), String> {
    if length > longest { Err(format!("{field}: has {length} characters, more than {longest}")) } else { Ok(()) }
}

pub(super) fn check_count<T>(field: &str, list: &[T], most: usize) -> Result<(), String> {
    if list.len() > most { Err(format!("{field}: has {} entries, more than {most}", list.len())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_there_and_differ() {
        let check = |ids: &[&str]| check_ids("rule", ids.iter().copied(), Some(3));
        assert_eq!(check(&["a", "b", "äöü"]), Ok(()));
        assert!(check(&["a", ""]).unwrap_err().contains("rule[1].id"));
        assert!(check(&["abcd"]).unwrap_err().contains("3 characters"));
        assert!(check(&["a", "b", "a"]).unwrap_err().contains("rule[2].id"));
    }
}
