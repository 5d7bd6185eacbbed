//! The files of a specification, with resolved `$ref`s.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

/// A value and its file.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) file: String,
    pub(crate) value: Value,
}

impl Located {
    pub(crate) fn get(&self, key: &str) -> Option<Located> {
        self.value.get(key).map(|value| Located { file: self.file.clone(), value: value.clone() })
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.value.get(key).map(plain)
    }

    pub(crate) fn list(&self, key: &str) -> Vec<Located> {
        let items = self.value.get(key).and_then(Value::as_sequence).cloned().unwrap_or_default();
        items.into_iter().map(|value| Located { file: self.file.clone(), value }).collect()
    }

    pub(crate) fn entries(&self) -> Vec<(String, Located)> {
        let entries = self.value.as_mapping().cloned().unwrap_or_default();
        entries.into_iter().map(|(key, value)| (plain(&key), Located { file: self.file.clone(), value })).collect()
    }
}

/// Returns the text of a scalar.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().to_owned(),
    }
}

/// A specification. Its files are read when they are needed.
pub(crate) struct Source {
    folder: PathBuf,
    root: String,
    files: BTreeMap<String, Value>,
}

impl Source {
    pub(crate) fn open(root: &Path) -> Result<Self, String> {
        let folder = root.parent().unwrap_or(Path::new("")).to_owned();
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { folder, root: name, files: BTreeMap::new() })
    }

    pub(crate) fn root(&mut self) -> Result<Located, String> {
        let file = self.root.clone();
        self.file(&file)
    }

    fn file(&mut self, name: &str) -> Result<Located, String> {
        if !self.files.contains_key(name) {
            let text = fs::read_to_string(self.folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
            let value = serde_yaml::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
            self.files.insert(name.to_owned(), value);
        }
        Ok(Located { file: name.to_owned(), value: self.files[name].clone() })
    }

    /// Follows all `$ref`s from a value.
    pub(crate) fn follow(&mut self, mut at: Located) -> Result<Located, String> {
        for _ in 0..32 {
            let Some(reference) = at.text("$ref") else { return Ok(at) };
            let (file, pointer) = reference.split_once('#').unwrap_or((&reference, ""));
            at = match file.trim_start_matches("./") {
                "" => {
                    let own = self.file(&at.file)?;
                    match inside(&own, pointer) {
                        Some(found) => found,
                        None => inside(&self.root()?, pointer).ok_or(format!("`{reference}` does not exist"))?,
                    }
                }
                other => inside(&self.file(other)?, pointer).ok_or(format!("`{reference}` does not exist"))?,
            };
        }
        Err(format!("the `$ref`s in {} form a cycle", at.file))
    }
}

fn inside(at: &Located, pointer: &str) -> Option<Located> {
    pointer.split('/').filter(|segment| !segment.is_empty()).try_fold(at.clone(), |at, segment| at.get(segment))
}
