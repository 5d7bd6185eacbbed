//! `enabled` or `disabled`, in letters of any size.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Switch {
    Enabled,
    Disabled,
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.to_ascii_lowercase().as_str() {
            "enabled" => Ok(Self::Enabled),
            "disabled" => Ok(Self::Disabled),
            _ => Err(D::Error::unknown_variant(&text, &["enabled", "disabled"])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_in_small_letters() {
        let switch: Switch = serde_json::from_str("\"EnAbled\"").unwrap();
        assert_eq!(serde_json::to_string(&switch).unwrap(), "\"enabled\"");
        assert!(serde_json::from_str::<Switch>("\"on\"").is_err());
    }
}
