//! Reads a configuration file. The keys are defined in `keys.rs`.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::keys::{Layer, Setting, Value};
use crate::error::{Error, Result};

/// Paths below the home directory at which QingStor's tools store their configuration. The first existing file is read.
const DEFAULT_PATHS: [&str; 2] = [".qingstor/config.yaml", ".config/qingstor.yaml"];

/// Keys that other tools use and this crate does not. They are ignored without a warning.
const FOREIGN_KEYS: &[&str] = &["disable_uri_cleaning", "http_config", "log_level", "timeout"];

/// Reads the default file. If there is none, all settings are unset.
pub(super) fn read_default(home: Option<&Path>) -> Result<Layer> {
    for path in home.iter().flat_map(|home| DEFAULT_PATHS.map(|path| home.join(path))) {
        match fs::read(&path) {
            Ok(bytes) => return parse(&bytes, &path),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(unreadable(&path, &error)),
        }
    }
    Ok(Layer::default())
}

pub(super) fn read(path: &Path) -> Result<Layer> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    parse(&bytes, path)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::config(format!("the configuration file {} cannot be read: {error}", path.display()))
}

fn parse(bytes: &[u8], path: &Path) -> Result<Layer> {
    let invalid = |problem: String| Error::config(format!("{}: {problem}", path.display()));
    let mut entries = Vec::new();
    // The message of serde_yaml is not used, because it may contain a value.
    if serde_yaml::Deserializer::from_slice(bytes).deserialize_any(Entries(&mut entries)).is_err() {
        let problem = match entries.last() {
            Some((key, _)) => format!("cannot read the value of {key:?} or the YAML after it"),
            None => "the file is not YAML with keys and values".to_owned(),
        };
        return Err(invalid(format!("{problem}; each line must have the form `key: value`")));
    }

    let mut layer = Layer::default();
    for (index, (key, value)) in entries.iter().enumerate() {
        if entries[..index].iter().any(|(earlier, _)| earlier == key) {
            return Err(invalid(format!("the key {key:?} occurs twice")));
        }
        let Some(setting) = Setting::by_key(key) else {
            if !FOREIGN_KEYS.contains(&key.as_str()) {
                tracing::warn!(key, path = %path.display(), "ignoring an unknown setting");
            }
            continue;
        };
        if let Some(text) = value.clone().filter(|text| !text.is_empty()) {
            let origin = format!("{key} in {}", path.display());
            layer.set(setting, Value { text, origin })?;
        }
    }
    Ok(layer)
}

/// Collects the entries of a YAML mapping. If reading fails, the error is in the value of the last entry or after it.
///
/// Values of known keys are read as text, so that `1e5` is not converted to a number. Other values are skipped.
struct Entries<'a>(&'a mut Vec<(String, Option<String>)>);

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values")
    }

    /// Accepts a file that consists of `---` or comments.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    /// Accepts an empty file.
    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let is_known = Setting::by_key(&key).is_some();
            self.0.push((key, None));
            if !is_known {
                map.next_value::<IgnoredAny>()?;
            } else if let (Some((_, value)), text) = (self.0.last_mut(), map.next_value()?) {
                *value = text;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, setting: Setting) -> Result<Option<String>> {
        Ok(parse(text.as_bytes(), Path::new("FILE"))?.get(setting).map(|value| value.text.clone()))
    }

    fn zone(text: &str) -> Option<String> {
        value(text, Setting::Zone).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn values_are_read_as_text() {
        for (text, expected) in [
            ("zone: pek3b", "pek3b"),
            ("zone:   pek3b   # where it is", "pek3b"),
            ("'zone' : 'pek3b'", "pek3b"),
            ("zone: 'it''s \\n'", "it's \\n"),
            ("zone: \"a\\\"b\\\\c\\/d\\te\\x41\\u00e9\"", "a\"b\\c/d\teAé"),
            ("zone: a#b", "a#b"),
            ("zone: http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("zone: \"~\"", "~"),
            ("zone: \" x \"", " x "),
            ("zone: 中文", "中文"),
            ("zone: -5", "-5"),
            ("zone: 0010", "0010"),
            ("zone: 0x1F", "0x1F"),
            ("zone: 1e5", "1e5"),
            ("zone: 1_000.50", "1_000.50"),
            ("zone: true", "true"),
            ("zone: .inf", ".inf"),
            ("zone: 2026-01-01", "2026-01-01"),
            ("\u{FEFF}zone: pek3b\r\n", "pek3b"),
            ("# comment\n\n---  # start\n   # more\nzone: pek3b\n", "pek3b"),
            ("{zone: pek3b}", "pek3b"),
            ("zone:\n  pek3b\n", "pek3b"),
        ] {
            assert_eq!(zone(text).as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn empty_values_and_files_set_nothing() {
        for text in [
            "",
            "\n",
            "---",
            "# zone: x",
            "zone:",
            "zone: ",
            "zone: # x",
            "zone: ~",
            "zone: null",
            "zone: NULL # x",
            "zone: ''",
            "{}",
        ] {
            assert_eq!(zone(text), None, "{text:?}");
        }
    }

    #[test]
    fn values_of_unknown_keys_are_skipped() {
        for skipped in [
            "http_config:\n  timeout: 5\n  hosts:\n    - zone: no\n    - \"quoted\"\n    - [a, 'b]', {c: \"d\"}]\n    -",
            "list:\n- one\n- zone: no\n-\n# comment\n- two",
            "map: {zone: no, host: 'no'} # comment",
            "text: |\n  zone: no\n\n  \"unclosed [",
            "plain: several\n  lines of text\n  zone no",
            "a key with spaces: !tag x",
        ] {
            let text = format!("host: a\n{skipped}\nzone: pek3b\n");
            assert_eq!(zone(&text).as_deref(), Some("pek3b"), "{text}");
        }
    }

    #[test]
    fn errors_name_file_and_key_and_no_value() {
        for (text, message) in [
            ("secret_access_key: \"hunter2", "cannot read the value of \"secret_access_key\""),
            ("secret_access_key: [hunter2]", "cannot read the value of \"secret_access_key\""),
            ("secret_access_key:\n  hunter2: 1", "cannot read the value of \"secret_access_key\""),
            ("secret_access_key:\n- hunter2", "cannot read the value of \"secret_access_key\""),
            ("secret_access_key: a: hunter2", "cannot read the value of \"secret_access_key\""),
            ("secret_access_key: 'x' hunter2", "cannot read the value of \"secret_access_key\""),
            ("secret_access_key: *hunter2", "cannot read the value of \"secret_access_key\""),
            ("secret_access_key: !!null hunter2", "cannot read the value of \"secret_access_key\""),
            ("secret_access_key: !!binary hunter2", ""),
            ("zone: a\n hunter2", ""),
            ("zone: a\nhunter2", "\"zone\""),
            ("zone: a\n---\nzone: hunter2", "\"zone\""),
            ("hunter2", "the file is not YAML with keys and values"),
            ("- hunter2", "the file is not YAML with keys and values"),
            ("\"hunter2", "the file is not YAML with keys and values"),
            ("zone: \0hunter2", ""),
            ("zone: a\n\n\"zone\": hunter2", "the key \"zone\" occurs twice"),
            ("x: a\n\nx: hunter2", "the key \"x\" occurs twice"),
        ] {
            match value(text, Setting::Zone) {
                Ok(_) => assert_eq!(message, "", "{text:?} was accepted"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.starts_with("FILE: ") && error.contains(message), "{text:?}: {error}");
                    assert!(!error.contains("hunter2"), "{error}");
                }
            }
        }
    }
}
