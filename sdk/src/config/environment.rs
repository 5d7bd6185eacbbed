//! Settings from environment variables.

use std::ffi::OsString;

use super::setting::{Layer, Origin, Setting, Value};
use crate::error::{Error, Result};

/// Where variables are looked up. Tests have their own: the process's environment is shared by all threads.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The variable that names the file; no setting itself.
pub(super) const CONFIG_PATH: &str = "QINGSTOR_CONFIG_PATH";

pub(super) fn read(environment: Environment<'_>) -> Result<Layer> {
    let mut layer = Layer::default();
    for &setting in Setting::ALL {
        let name = format!("QINGSTOR_{}", setting.key().to_ascii_uppercase());
        let Some(value) = environment(&name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let text =
            value.into_string().map_err(|_| Error::config(format!("the environment variable {name} is not UTF-8")))?;
        let origin = Origin::Variable(name);
        layer.set(setting, Value { text, origin })?;
    }
    Ok(layer)
}
