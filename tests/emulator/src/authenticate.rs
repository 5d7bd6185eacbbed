//! Authentication of requests by their signature.

use std::fmt;

use http::{Method, header};

use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::limits::MAX_CLOCK_SKEW;
use crate::request::Request;
use crate::signature;
use crate::sse::{COPY_SOURCE, OWN};

/// An access key id and its secret access key. `Debug` omits the secret.
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

/// The sender of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The owner of all buckets. Every key pair belongs to the same user.
    Owner,
    Anonymous,
}

/// Checks the credentials of a request. Invalid credentials are refused even if the operation requires none.
pub(crate) fn authenticate(key_pairs: &[KeyPair], request: &Request, now: Moment) -> Result<Caller, Error> {
    if let Some(authorization) = request.headers.get(header::AUTHORIZATION) {
        check_header(key_pairs, request, authorization.to_str().unwrap_or_default(), now)?;
    } else if request.is_anonymous() || request.method == Method::OPTIONS {
        // The preflight of a presigned request has the query of that request. Its signature is not valid for OPTIONS.
        return Ok(Caller::Anonymous);
    } else {
        check_query(key_pairs, request, now)?;
    }
    Ok(Caller::Owner)
}

/// Checks the credentials in the fields of a form. The signature covers the field `policy` as it was sent.
pub(crate) fn check_form(key_pairs: &[KeyPair], id: &str, policy: &str, signature: &str) -> Result<(), Error> {
    let secret = secret_access_key(key_pairs, id)?;
    if signature::verify(secret, policy, signature) {
        return Ok(());
    }
    // The string to sign is the policy. The error does not repeat it, because it may contain a customer's encryption
    // key.
    let message = "the field \"signature\" is not the signature of the field \"policy\"";
    Err(Error::new(Code::SignatureNotMatched, message))
}

/// Checks the header `Authorization` and the date of the request.
fn check_header(key_pairs: &[KeyPair], request: &Request, authorization: &str, now: Moment) -> Result<(), Error> {
    let (id, signature) = authorization
        .strip_prefix("QS ")
        .and_then(|credentials| credentials.trim().split_once(':'))
        .ok_or_else(|| {
            let message = "the Authorization header is not of the form QS <access key id>:<signature>";
            Error::new(Code::InvalidAccessKeyId, message)
        })?;
    check_signature(key_pairs, request, id, signature, None)?;
    let date = request.header("x-qs-date").or_else(|| request.header("date"));
    match date.and_then(Moment::parse_http_date).map(Moment::seconds) {
        Some(seconds) if (seconds - now.seconds()).abs() <= MAX_CLOCK_SKEW => Ok(()),
        Some(_) => Err(expired(format!(
            "the request's date is more than 15 minutes from the server's time, {}",
            now.http_date()
        ))),
        None => Err(expired("the request has no readable Date or x-qs-date")),
    }
}

/// Checks the signature and the expiry of a presigned URL.
fn check_query(key_pairs: &[KeyPair], request: &Request, now: Moment) -> Result<(), Error> {
    let text = |name| request.query.text(name).unwrap_or_default();
    let expires = text("expires");
    // The query parser reads a `+` that the client did not encode as a space. Base64 contains no spaces.
    let signature = text("signature").replace(' ', "+");
    check_signature(key_pairs, request, text("access_key_id"), &signature, Some(expires))?;
    match expires.parse::<i64>() {
        Ok(expires) if expires >= now.seconds() => Ok(()),
        Ok(_) => Err(expired("the presigned URL has expired")),
        Err(_) => Err(expired("the presigned URL has no expiry in whole seconds")),
    }
}

/// Checks a signature against every string that a client may have signed.
fn check_signature(
    key_pairs: &[KeyPair],
    request: &Request,
    id: &str,
    signature: &str,
    expires: Option<&str>,
) -> Result<(), Error> {
    let secret = secret_access_key(key_pairs, id)?;
    let texts = request.signable(expires).acceptable(request.address.is_bucket());
    if texts.iter().any(|text| signature::verify(secret, text, signature)) {
        return Ok(());
    }
    let message =
        "the signature does not match this request; compare string_to_sign with the string that the client signed";
    let string_to_sign = texts.first().map(|text| redact(text));
    Err(Error { string_to_sign, ..Error::new(Code::SignatureNotMatched, message) })
}

/// Replaces the encryption keys in a string to sign.
fn redact(string_to_sign: &str) -> String {
    let lines = string_to_sign.split('\n').map(|line| match line.split_once(':') {
        Some((name, _)) if [OWN, COPY_SOURCE].iter().any(|prefix| name.strip_prefix(prefix) == Some("-key")) => {
            format!("{name}:<redacted>")
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn secret_access_key<'a>(key_pairs: &'a [KeyPair], id: &str) -> Result<&'a str, Error> {
    match key_pairs.iter().find(|pair| pair.access_key_id == id) {
        Some(pair) => Ok(&pair.secret_access_key),
        None => Err(Error::new(Code::InvalidAccessKeyId, format!("the access key id \"{id}\" is not known"))),
    }
}

fn expired(message: impl Into<String>) -> Error {
    Error::new(Code::RequestExpired, message)
}

#[cfg(test)]
#[path = "authenticate_tests.rs"]
mod tests;
