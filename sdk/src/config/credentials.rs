//! Who signs a request.

use crate::client::sign::SigningKey;
use crate::value::Secret;

/// A pair of QingCloud API keys, made in the console under "API Keys".
///
/// ```
/// use qingstor_sdk::Credentials;
///
/// let credentials = Credentials::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY");
/// assert_eq!(credentials.access_key_id(), "ACCESS_KEY_ID");
/// assert!(!format!("{credentials:?}").contains("SECRET_ACCESS_KEY"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: Secret,
    signing_key: SigningKey,
}

impl Credentials {
    /// Puts a pair together. Nothing is checked here: whether the server knows the pair is seen with the first request.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>) -> Self {
        let secret_access_key = secret_access_key.into();
        let signing_key = SigningKey::new(&secret_access_key);
        Self { access_key_id: access_key_id.into(), secret_access_key, signing_key }
    }

    /// The half of the pair that is no secret: it goes out with every signed request.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    pub(crate) fn secret_access_key(&self) -> &Secret {
        &self.secret_access_key
    }

    /// What [`sign::signature`](crate::sign::signature) makes of the secret access key.
    pub(crate) fn sign(&self, text: impl AsRef<[u8]>) -> String {
        self.signing_key.sign(text.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_the_id_only() {
        let credentials = Credentials::new("THE_ID", "the secret");
        let shown = format!("{credentials:?}");
        assert!(shown.contains("THE_ID"), "{shown}");
        assert!(!shown.contains("the secret"), "{shown}");
        assert_eq!(credentials.secret_access_key().expose(), "the secret");
    }
}
