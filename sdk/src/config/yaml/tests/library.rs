//! This reader beside a YAML library.

use proptest::prelude::*;

use super::*;

/// What a YAML library reads: the wanted keys whose values are not null, as text; `None` if that is no mapping.
fn read_by_library(text: &str) -> Option<Vec<(String, serde_yaml::Value)>> {
    let mapping: Option<serde_yaml::Mapping> = serde_yaml::from_str(text).ok()?;
    Some(
        mapping
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value)))
            .filter(|(key, value)| is_wanted(key) && !value.is_null())
            .collect(),
    )
}

fn agree(text: &str, must_be_yaml: bool) -> Result<(), TestCaseError> {
    let Ok(ours) = read(text) else { return Ok(()) };
    let Some(theirs) = read_by_library(text) else {
        prop_assert!(!must_be_yaml, "accepted, but not YAML: {:?}", text);
        return Ok(());
    };
    prop_assert_eq!(ours.len(), theirs.len(), "{:?}", text);
    for ((key, ours), (their_key, theirs)) in ours.into_iter().zip(theirs) {
        prop_assert_eq!(&key, &their_key, "{:?}", text);
        // A number or a truth value is taken as the text that it is written with.
        match theirs.as_str() {
            Some(theirs) => prop_assert_eq!(&ours, theirs, "{:?}", text),
            None => prop_assert!(theirs.is_number() || theirs.is_bool(), "{:?}: {:?}", text, theirs),
        }
    }
    Ok(())
}

/// Pieces that YAML gives a meaning to, in any order.
fn fragments() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "zone", "host", "x", "a", "b c", "7", "0x1F", "null", "~", "true", "''", "\"\"", "'a'", "\"b\"", "'", "\"",
        "\\", "\\n", "\\x41", ":", ": ", ": ", " ", "  ", " #", "#", "-", "- ", "---", "...", "[", "]", "{", "}", ",",
        ", ", "&a ", "*a", "!t ", "|", ">", "?", "? ", "%", "@", "`", "\t", "\r", "\r\n", "\n", "\n", "\n", "\n  ",
        "\nzone: ", "\nx: ", "\nx:\n", "\nhost: ", "\n  y: ", "\n  - ", "é", "\u{85}", "\u{FEFF}", "=", "<<",
    ]);
    // Something before that may be left open, and entries after it that may be swallowed.
    let before = prop::sample::select(vec!["", "x: ", "x:\n  ", "x:\n- ", "x: [", "x: \"", "zone: ", "zone: a\n"]);
    let after = prop::sample::select(vec!["", "\nhost: b\n", "\nhost: b]", "\nhost: b'\n", "\nhost: b\"\n"]);
    (before, prop::collection::vec(piece, 0..12), after)
        .prop_map(|(before, pieces, after)| [before, &pieces.concat(), after].concat())
}

fn lines_of_entries() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["zone", "host", "access_key_id", "'zone'", "x", "y", "\"host\""]);
    let value = prop_oneof![
        "[ -~]{0,12}",
        "[a-z0-9:/#' \"\\\\-]{0,12}",
        "'[a-z' #:]{0,8}'",
        "\"[a-z #:\\\\nt/]{0,8}\"",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        any::<String>().prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
    ];
    let end = prop::sample::select(vec!["\n", "\r\n", " # comment\n", "  \n", "\n\n"]);
    prop::collection::vec((key, value, end), 0..5)
        .prop_map(|entries| entries.iter().map(|(key, value, end)| format!("{key}: {value}{end}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_understood_a_yaml_library_understands_too(text in fragments()) {
        // Of what is skipped no more is checked than that it ends.
        agree(&text, false)?;
    }

    #[test]
    fn flat_mappings_are_what_a_yaml_library_reads(text in lines_of_entries()) {
        agree(&text, !text.contains(['[', '{', '|', '>']))?;
    }

    #[test]
    fn plain_entries_are_never_refused(
        zone in "[A-Za-z0-9][A-Za-z0-9_./+=-]{0,20}",
        host in "'[a-z \":#]{0,20}'",
        other in "[a-z]{1,5} [a-z]{1,5}"
    ) {
        prop_assume!(!is_null(&zone));
        let text = format!("zone: {zone}\n# comment\nhost: {host} # comment\nx: {other}\n");
        let expected = vec![
            ("zone".to_owned(), zone),
            ("host".to_owned(), host[1..host.len() - 1].to_owned()),
        ];
        prop_assert_eq!(read(&text), Ok(expected));
        agree(&text, true)?;
    }
}
