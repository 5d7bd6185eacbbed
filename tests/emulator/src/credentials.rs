//! The key pairs the emulator accepts.

use std::fmt;

/// An access key id and its secret. `Debug` shows the id alone.
#[derive(Clone)]
pub(crate) struct KeyPair {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_not_shown() {
        let pair = KeyPair { access_key_id: "id".into(), secret_access_key: "hush".into() };
        assert_eq!(format!("{pair:?}"), "KeyPair { access_key_id: \"id\", .. }");
    }
}
