//! Settings for access logs. The emulator stores them and writes no logs.

use serde::{Deserialize, Serialize};

use super::Rules;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Logging {
    target_bucket: String,
    target_prefix: String,
}

impl Rules for Logging {
    // The documentation does not say whether the target has to exist.
    fn check(&self) -> Result<(), String> {
        if self.target_bucket.is_empty() { Err("target_bucket: is empty".to_owned()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round};
    use super::*;

    #[test]
    fn round_trips() {
        let body = r#"{"target_bucket":"logs","target_prefix":""}"#;
        assert_eq!(round::<Logging>(body), json(body));
    }

    #[test]
    fn rejects_invalid_bodies() {
        refused::<Logging>(r#"{"target_bucket":"logs"}"#, "missing field `target_prefix`");
        refused::<Logging>(r#"{"target_bucket":"","target_prefix":""}"#, "target_bucket");
        refused::<Logging>(r#"{"target_bucket":"logs","target_prefix":1}"#, "target_prefix");
    }
}
