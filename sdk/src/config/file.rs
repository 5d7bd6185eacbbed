//! Reads a configuration file. The keys are defined in `keys.rs`.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::keys::{Layer, Setting, Value};
use super::load::read_file;
use crate::error::{Error, Result};

/// Paths below the home directory at which QingStor's tools store their configuration.
const HOME_PATHS: [&str; 3] = [".qingstor/config.yaml", ".config/qingstor.yaml", ".config/qingstor/config.yaml"];
/// Path at which `qsctl` looks for a configuration for all users. On Windows, any user could create this file.
const SYSTEM_PATH: Option<&str> = if cfg!(unix) { Some("/etc/qingstor/config.yaml") } else { None };

/// Keys that other tools use and this crate does not. They are ignored without a warning.
const FOREIGN_KEYS: &[&str] = &["disable_uri_cleaning", "http_config", "log_level", "timeout"];

/// Returns the paths of the default files. The first one that can be read is used.
pub(super) fn default_paths(home: Option<&Path>) -> Vec<PathBuf> {
    let in_home = home.iter().flat_map(|home| HOME_PATHS.map(|path| home.join(path)));
    in_home.chain(SYSTEM_PATH.map(PathBuf::from)).collect()
}

/// Reads the first of the default files that can be read. If there is none, all settings are unset.
///
/// Other tools write these files, and the application may not need them. Therefore a file that cannot be read is
/// skipped with a warning. A file that cannot be parsed is an error, unless `is_optional`.
pub(super) fn read_default(paths: &[PathBuf], is_optional: bool) -> Result<Layer> {
    let mut skipped = Layer::default();
    for path in paths {
        let bytes = match fs::symlink_metadata(path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
            Err(error) => Err(error),
            // If the path is a link to a missing file, this fails, too.
            Ok(_) => read_file(path, true),
        };
        match bytes.map_err(|error| unreadable(path, &error)) {
            Err(error) => skipped.ignore(error.to_string()),
            Ok(bytes) => match parse(&bytes, path, false) {
                Err(error) if is_optional => skipped.ignore(error.to_string()),
                layer => {
                    return layer.map(|mut layer| {
                        layer.ignored.extend(skipped.ignored);
                        layer
                    });
                }
            },
        }
    }
    Ok(skipped)
}

/// Reads a file that the user or the application has named.
pub(super) fn read(path: &Path) -> Result<Layer> {
    let bytes = read_file(path, false).map_err(|error| unreadable(path, &error))?;
    parse(&bytes, path, true)
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::config(format!("the configuration file {} cannot be read: {error}", path.display()))
}

/// Returns the settings of a file. If `is_strict`, an unknown key that is similar to a known one is an error.
fn parse(bytes: &[u8], path: &Path, is_strict: bool) -> Result<Layer> {
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
            match Setting::similar_key(key, &[]) {
                _ if FOREIGN_KEYS.contains(&key.as_str()) => {}
                None => tracing::warn!(key, path = %path.display(), "ignoring an unknown setting"),
                Some(known) => {
                    let error = invalid(format!("the key {key:?} is unknown: did you mean {known:?}?"));
                    if is_strict {
                        return Err(error);
                    }
                    layer.ignore(error.to_string());
                }
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
        let layer = parse(text.as_bytes(), Path::new("FILE"), true)?;
        Ok(layer.get(setting).map(|value| value.text.clone()))
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
            // An old version of the JavaScript SDK indents all lines.
            ("\n    # comment\n    host: a\n    zone: pek3b\n", "pek3b"),
            ("    host: a\n    # comment\n\n    zone: pek3b", "pek3b"),
            ("# comment\n    host: a\n    zone: pek3b\n# comment\n", "pek3b"),
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
