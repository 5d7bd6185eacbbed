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
    reason: known from elsewhere
differences:
  - missing: [A]
    reason: left out
  - added: [B > query c, 'B > query d: format']
    reason: known from elsewhere
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

fn unexplained(differences: &[Difference]) -> Vec<String> {
    List::parse(LIST).unwrap().unexplained(differences)
}

#[test]
fn explains_listed_differences() {
    assert!(unexplained(&all()).is_empty(), "{:?}", unexplained(&all()));
}

#[test]
fn does_not_explain_other_differences() {
    for one in [
        difference("A", Change::Added),
        difference("A > query x", Change::Missing),
        difference("B > query c", Change::Missing),
        difference("B > query e", Change::Added),
        attribute("B > query d", "maximum"),
        // A limit that is said officially is not ours to change.
        changed("B: minimum", "1", "2"),
        changed("C: method", "PUT", "DELETE"),
        changed("C: path", "PUT", "POST"),
    ] {
        let mut differences = all();
        differences.push(one.clone());
        assert_eq!(unexplained(&differences), [one.to_string()]);
    }
}

#[test]
fn an_entry_that_nothing_is_left_for_is_stale() {
    for (index, name) in
        ["`A`", "`B > query c`", "`B > query d: format`", "`C: method`", "`minimum`"].iter().enumerate()
    {
        let mut differences = all();
        differences.remove(index);
        let lines = unexplained(&differences);
        assert!(lines.len() == 1 && lines[0].starts_with("stale: ") && lines[0].contains(name), "{name}: {lines:?}");
    }
}

#[test]
fn a_list_that_says_too_little_or_too_much_is_an_error() {
    for (text, expected) in [
        ("additions: []", "differences"),
        ("additions: []\ndifferences: [{missing: [A]}]", "reason"),
        ("additions: []\ndifferences: [{missing: [A], reason: ' '}]", "no reason"),
        ("additions: []\ndifferences: [{mising: [A], reason: x}]", "mising"),
        ("additions: []\ndifferences: [{reason: x}]", "nothing"),
        ("additions: []\ndifferences: [{missing: [A], added: [A], reason: x}]", "twice"),
    ] {
        let error = List::parse(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
