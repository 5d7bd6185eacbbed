use super::*;

mod library;

fn is_wanted(key: &str) -> bool {
    matches!(key, "zone" | "host" | "access_key_id")
}

/// The wanted entries that have a value.
fn read(text: &str) -> Result<Vec<(String, String)>, String> {
    let entries = parse(text.as_bytes(), is_wanted).map_err(|problem| problem.to_string())?;
    Ok(entries.into_iter().filter_map(|entry| Some((entry.key, entry.value?))).collect())
}

fn zone(text: &str) -> Option<String> {
    let entries = read(text).unwrap_or_else(|problem| panic!("{text:?}: {problem}"));
    entries.into_iter().find(|(key, _)| key == "zone").map(|(_, value)| value)
}

#[test]
fn values_in_all_their_forms() {
    for (text, expected) in [
        ("zone: pek3b", "pek3b"),
        ("zone : pek3b", "pek3b"),
        ("zone:   pek3b   # where it is", "pek3b"),
        ("zone: 'pek3b'", "pek3b"),
        ("zone: \"pek3b\" # where", "pek3b"),
        ("\"zone\": pek3b", "pek3b"),
        ("'zone' : pek3b", "pek3b"),
        ("zone: it''s", "it''s"),
        ("zone: 'it''s \\n'", "it's \\n"),
        ("zone: \"a\\\"b\\\\c\\/d\\te\\x41\\u00e9\"", "a\"b\\c/d\teAé"),
        ("zone: a#b", "a#b"),
        ("zone: http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("zone: a b, c] {d}", "a b, c] {d}"),
        ("zone: -5", "-5"),
        ("zone: \"~\"", "~"),
        ("zone: \" x \"", " x "),
        ("zone: 中文", "中文"),
        ("zone: 0010", "0010"),
        ("zone: true", "true"),
        ("\u{FEFF}zone: pek3b\r\n", "pek3b"),
        ("# comment\n\n---  # start\n   # more\nzone: pek3b\n", "pek3b"),
        ("zone: pek3b\n   \n# \tcomment with a tab\n", "pek3b"),
    ] {
        assert_eq!(zone(text).as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn empty_values_are_none() {
    for text in
        ["", "\n", "---", "# zone: x", "zone:", "zone: ", "zone: # x", "zone: ~", "zone: null", "zone: NULL # x"]
    {
        assert_eq!(zone(text), None, "{text:?}");
    }
    assert_eq!(zone("zone: ''").as_deref(), Some(""));
}

#[test]
fn what_nobody_asked_for_is_skipped() {
    for skipped in [
        "http_config:\n  timeout: 5\n  hosts:\n    - zone: no\n    - \"quoted\"\n    - [a, 'b]', {c: \"d\"}]\n    -",
        "list:\n- one\n- zone: no\n-\n# comment\n- two",
        "list: [zone, host]",
        "map: {zone: no, host: 'no'} # comment",
        "text: |\n  zone: no\n\n  \"unclosed [\n\thost",
        "folded: >-\n  zone: no\n  tab\there",
        "plain: several\n  lines of text\n  zone no",
        "quoted: 'text'",
        "a key with spaces: x",
        "x/y: 1",
    ] {
        let skipped = skipped.replace("\n\thost", "");
        let text = format!("host: a\n{skipped}\nzone: pek3b\n");
        assert_eq!(zone(&text).as_deref(), Some("pek3b"), "{text}");
    }
}

#[test]
fn the_rest_of_yaml_is_refused() {
    for (text, line, message) in [
        ("zone: &a pek3b", 1, "value of \"zone\" that is or has an anchor"),
        ("zone: *a", 1, "anchor"),
        ("zone: !!str pek3b", 1, "tag"),
        ("zone: |\n  pek3b", 1, "not on this line"),
        ("zone: >-\n  pek3b", 1, "not on this line"),
        ("zone: [pek3b]", 1, "not a single value"),
        ("zone: {a: b}", 1, "not a single value"),
        ("zone:\n  pek3b", 2, "goes on with the value of \"zone\""),
        ("zone: pek3b\n  sh1a", 2, "goes on with"),
        ("zone:\n- pek3b", 2, "goes on with"),
        ("zone: 'pek3b'\n  sh1a", 2, "goes on with"),
        ("zone: \"pek3b", 1, "not closed"),
        ("zone: \"pek3b\"x", 1, "after its end"),
        ("zone: 'a' 'b'", 1, "after its end"),
        ("zone: \"a\"#x", 1, "after its end"),
        ("zone: \"\\q\"", 1, "backslash"),
        ("zone: \"\\ud800\"", 1, "backslash"),
        ("zone: \"\\x+1\"", 1, "backslash"),
        ("zone: a: b", 1, "colon"),
        ("zone: a:", 1, "colon"),
        ("zone: @a", 1, "begins with '@'"),
        ("zone: - a", 1, "begins with '-'"),
        ("zone: %a", 1, "begins with '%'"),
        ("zone:pek3b", 1, "no space after its colon"),
        ("zone", 1, "not a \"key: value\""),
        ("\"zone\":pek3b", 1, "not a \"key: value\""),
        ("zone: a\n\thost: b", 2, "has a tab"),
        ("zone:\tpek3b", 1, "has a tab"),
        ("  zone: pek3b", 1, "left edge"),
        ("- zone: pek3b", 1, "left edge"),
        ("{zone: pek3b}", 1, "unusual"),
        ("? zone\n: pek3b", 1, "not a \"key: value\""),
        ("<<: *a", 1, "unusual"),
        ("%YAML 1.2\n---\nzone: a", 1, "not a \"key: value\""),
        ("zone: a\n---\nzone: b", 2, "not a \"key: value\""),
        ("---\n---\nzone: b", 2, "not a \"key: value\""),
        ("--- zone: b", 1, "unusual"),
        ("zone: a\n...\n", 2, "not a \"key: value\""),
        ("zone: a\u{85}host: b", 1, "U+0085"),
        ("zone: a\rhost: b", 1, "U+000D"),
        ("# \u{2028}zone: b", 1, "U+2028"),
        ("zone: \0", 1, "U+0000"),
        // What is skipped must not swallow lines that look like keys.
        ("x: [a,\nzone: b]", 1, "bracket that is not closed"),
        ("x: [it's, 'b]\nzone: b", 1, "quote within a value"),
        ("x: \"a\nzone: b\"", 1, "not closed"),
        ("x: !!str \"a\nzone: b\"", 1, "tag"),
        ("x:\n  y: [a,\nzone: b]", 2, "bracket"),
        ("x:\n  - 'a\nzone: b'", 2, "not closed"),
        ("x:\n  \"y\": \"a\nzone: b\"", 2, "not closed"),
        ("x:\n  &y \"a\nzone: b\"", 2, "anchor"),
        ("x:\n  y: |\n   z\nzone: b", 2, "block of text"),
    ] {
        let problem = read(text).unwrap_err();
        assert!(problem.starts_with(&format!("line {line} ")), "{text:?}: {problem}");
        assert!(problem.contains(message), "{text:?}: {problem}");
    }
    let problem = parse(b"zone: a\nhost: \xFF\n", is_wanted).err().map(|problem| problem.to_string());
    assert!(problem.is_some_and(|problem| problem.starts_with("line 2 is not UTF-8")));
}

#[test]
fn the_same_key_twice_names_both_lines() {
    for text in ["zone: a\n\n\"zone\": a", "x: a\n\nx: b"] {
        let problem = read(text).unwrap_err();
        assert!(problem.starts_with("line 3 "), "{problem}");
        assert!(problem.contains("of line 1 again"), "{problem}");
    }
}

#[test]
fn problems_do_not_repeat_what_may_be_secret() {
    for text in [
        "secret_access_key: \"hunter2",
        "secret_access_key:\n  hunter2",
        "secret_access_key: a\n hunter2",
        "hunter2",
        "access_key_id: a: hunter2",
        "access_key_id: [hunter2]",
        "access_key_id: 'x' hunter2",
        "\"hunter2",
        "hunter2 $: x",
    ] {
        let problem = match parse(text.as_bytes(), |_| true) {
            Ok(_) => panic!("{text}"),
            Err(problem) => problem.to_string(),
        };
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}
