use super::*;

fn difference(at: &str, change: Change) -> Difference {
    Difference::new(at, change)
}

fn changed(at: &str, official: &str, ours: &str) -> Difference {
    difference(at, Change::Changed { official: official.to_owned(), ours: ours.to_owned() })
}

fn attribute(at: &str, name: &'static str) -> Difference {
    difference(&format!("{at}: {name}"), Change::Attribute { name, ours: "1".to_owned() })
}

const LIST: &str = "
additions:
  - attributes: [minimum]
    reason: API reference
differences:
  - missing: [A]
    reason: not implemented
  - added: [B > query c, 'B > query d: format']
    reason: API reference
  - changed: {'C: method': {official: PUT, ours: POST}}
    reason: misprint
";

fn all() -> Vec<Difference> {
    vec![
        difference("A", Change::Missing),
        difference("B > query c", Change::Added),
        attribute("B > query d", "format"),
        changed("C: method", "PUT", "POST"),
        attribute("B", "minimum"),
    ]
}

fn unlisted(differences: &[Difference]) -> Vec<String> {
    List::parse(LIST).unwrap().unlisted(differences)
}

#[test]
fn listed_differences_are_allowed() {
    assert!(unlisted(&all()).is_empty(), "{:?}", unlisted(&all()));
}

#[test]
fn differences_that_are_not_listed_are_returned() {
    for one in [
        difference("A", Change::Added),
        difference("A > query x", Change::Missing),
        difference("B > query c", Change::Missing),
        difference("B > query e", Change::Added),
        attribute("B > query d", "maximum"),
        // An attribute that both have must be equal, even if our specification may add it.
        changed("B: minimum", "1", "2"),
        changed("C: method", "PUT", "DELETE"),
        changed("C: path", "PUT", "POST"),
    ] {
        let mut differences = all();
        differences.push(one.clone());
        assert_eq!(unlisted(&differences), [one.to_string()]);
    }
}

#[test]
fn a_listed_difference_that_no_longer_exists_is_stale() {
    for (index, name) in
        ["`A`", "`B > query c`", "`B > query d: format`", "`C: method`", "`minimum`"].iter().enumerate()
    {
        let mut differences = all();
        differences.remove(index);
        let lines = unlisted(&differences);
        assert!(lines.len() == 1 && lines[0].starts_with("stale: ") && lines[0].contains(name), "{name}: {lines:?}");
    }
}

#[test]
fn rejects_entries_without_reason_or_difference_and_duplicates() {
    for (text, expected) in [
        ("additions: []", "differences"),
        ("additions: []\ndifferences: [{missing: [A]}]", "reason"),
        ("additions: []\ndifferences: [{missing: [A], reason: ' '}]", "no reason"),
        ("additions: []\ndifferences: [{mising: [A], reason: x}]", "mising"),
        ("additions: []\ndifferences: [{reason: x}]", "no differences"),
        ("additions: []\ndifferences: [{missing: [A], added: [A], reason: x}]", "twice"),
    ] {
        let error = List::parse(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
