//! What the signer of a form allowed it to say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::Fields;
use crate::error::{Code, Error};

/// Not part of what they sign.
const CREDENTIALS: [&str; 3] = ["access_key_id", "policy", "signature"];

/// The policy is base64 of a JSON object with every field before the file, except the credentials: no field may be
/// missing, added or other than signed.
pub(crate) fn check_policy(policy: &str, fields: &Fields) -> Result<(), Error> {
    let signed = read(policy).ok_or_else(|| {
        Error::invalid_argument("the field \"policy\" is not base64 of a JSON object with the form's fields")
    })?;
    for (name, value) in fields.iter().filter(|(name, _)| !CREDENTIALS.contains(name)) {
        match signed.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            None => return Err(violated(format!("the field \"{name}\" is not in the policy"))),
            Some((_, allowed)) if allowed.as_str() != Some(value) => {
                return Err(violated(format!("the field \"{name}\" is not as the policy says")));
            }
            Some(_) => {}
        }
    }
    match signed.keys().find(|name| fields.get(&name.to_ascii_lowercase()).is_none()) {
        Some(name) => Err(violated(format!("the field \"{name}\" of the policy is not in the form"))),
        None => Ok(()),
    }
}

fn read(policy: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&STANDARD.decode(policy.trim()).ok()?).ok()
}

fn violated(message: String) -> Error {
    Error::new(Code::FormPolicyViolated, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &str, sent: &[(&str, &str)]) -> Result<(), (Code, String)> {
        let mut fields = Fields::default();
        for (name, value) in sent {
            fields.add((*name).to_owned(), value.as_bytes().to_vec()).unwrap();
        }
        check_policy(&STANDARD.encode(policy), &fields).map_err(|error| (error.code(), error.message().to_owned()))
    }

    #[test]
    fn a_form_is_what_was_signed() {
        let policy = r#"{"key":"user/${filename}","Content-Type":"text/x"}"#;
        let credentials = [("access_key_id", "a"), ("policy", "p"), ("signature", "s")];
        let sent = [("key", "user/${filename}"), ("content-type", "text/x")];
        assert_eq!(check(policy, &[&credentials[..], &sent].concat()), Ok(()));
        for (sent, name) in [
            (&[("key", "other"), ("content-type", "text/x")][..], "key"),
            (&[("key", "user/${filename}")][..], "Content-Type"),
            (&[("key", "user/${filename}"), ("content-type", "text/x"), ("x-qs-meta-a", "1")][..], "x-qs-meta-a"),
        ] {
            let (code, message) = check(policy, sent).unwrap_err();
            assert_eq!(code, Code::FormPolicyViolated);
            assert!(message.contains(name), "{message}");
        }
        assert_eq!(check(r#"{"key":1}"#, &[("key", "1")]).unwrap_err().0, Code::FormPolicyViolated);
    }

    #[test]
    fn what_is_no_policy() {
        for policy in ["[]", "key", ""] {
            assert_eq!(check(policy, &[]).unwrap_err().0, Code::InvalidArgument, "{policy}");
        }
        assert!(check_policy("*", &Fields::default()).is_err());
    }
}
