//! Access logging to a bucket. The emulator stores the setting and writes no such logs.

use serde::{Deserialize, Serialize};

use super::Rules;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Logging {
    target_bucket: String,
    target_prefix: String,
}

impl Rules for Logging {
    // The documentation does not require that the target exists.
    fn check(&self) -> Result<(), String> {
        if self.target_bucket.is_empty() { Err("target_bucket: is empty".to_owned()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round_trip};
    use super::*;

    #[test]
    fn round_trips() {
        let body = r#"{"target_bucket":"logs","target_prefix":""}"#;
        assert_eq!(round_trip::<Logging>(body), json(body));
    }

    #[test]
    fn rejects_invalid_bodies() {
        refused::<Logging>(r#"{"target_bucket":"logs"}"#, "missing field `target_prefix`");
        refused::<Logging>(r#"{"target_bucket":"","target_prefix":""}"#, "target_bucket");
        refused::<Logging>(r#"{"target_bucket":"logs","target_prefix":1}"#, "target_prefix");
    }
}
