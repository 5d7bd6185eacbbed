//! Settings from a configuration file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::setting::{Layer, Origin, Setting, Value};
use super::yaml;
use crate::error::{Error, Result};

/// Keys of other tools' settings, in files that are shared with them, that have no meaning for this crate.
const OTHERS: &[&str] = &["disable_uri_cleaning", "http_config", "log_level", "timeout"];

/// Where QingStor's tools keep their configuration, beginning with what most of them use.
pub(super) fn default_paths(home: &Path) -> [PathBuf; 2] {
    [home.join(".qingstor").join("config.yaml"), home.join(".config").join("qingstor.yaml")]
}

/// Reads a file; `None` if there is none.
pub(super) fn read_if_exists(path: &Path) -> Result<Option<Layer>> {
    match fs::read(path) {
        Ok(bytes) => parse(&bytes, path).map(Some),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

pub(super) fn read(path: &Path) -> Result<Layer> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    parse(&bytes, path)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let path = path.display();
    Error::config(format!("the configuration file {path} cannot be read: {error}"))
}

fn parse(bytes: &[u8], path: &Path) -> Result<Layer> {
    let entries = yaml::parse(bytes, |key| Setting::by_key(key).is_some())
        .map_err(|problem| Error::config(format!("{}: {problem}", path.display())))?;
    let path: Arc<Path> = path.into();
    let mut layer = Layer::default();
    for entry in entries {
        let Some(setting) = Setting::by_key(&entry.key) else {
            if !OTHERS.contains(&entry.key.as_str()) {
                tracing::warn!(key = entry.key, path = %path.display(), line = entry.line, "no such setting: ignored");
            }
            continue;
        };
        let Some(text) = entry.value.filter(|text| !text.is_empty()) else {
            continue;
        };
        let origin = Origin::File { key: entry.key, path: Arc::clone(&path), line: entry.line };
        layer.set(setting, Value { text, origin })?;
    }
    Ok(layer)
}
