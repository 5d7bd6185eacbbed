//! Where logs of access would go. Kept, and not written.

use serde::{Deserialize, Serialize};

use super::Rules;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Logging {
    target_bucket: String,
    target_prefix: String,
}

impl Rules for Logging {
    // Whether the target has to exist when this is put is not documented.
    fn check(&self) -> Result<(), String> {
        if self.target_bucket.is_empty() { Err("target_bucket: is empty".to_owned()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, refused, round};
    use super::*;

    #[test]
    fn comes_back_as_it_was_put() {
        let body = r#"{"target_bucket":"logs","target_prefix":""}"#;
        assert_eq!(round::<Logging>(body), json(body));
    }

    #[test]
    fn faults() {
        refused::<Logging>(r#"{"target_bucket":"logs"}"#, "missing field `target_prefix`");
        refused::<Logging>(r#"{"target_bucket":"","target_prefix":""}"#, "target_bucket");
        refused::<Logging>(r#"{"target_bucket":"logs","target_prefix":1}"#, "target_prefix");
    }
}
