//! Who sends a request.

use http::{Method, header};

use crate::address::Target;
use crate::clock::Moment;
use crate::credentials::KeyPair;
use crate::error::{Code, Error};
use crate::limits::CLOCK_SKEW;
use crate::request::Request;
use crate::signature;

/// The key pairs requests are held against.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    pub(crate) key_pairs: Vec<KeyPair>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Whoever has a key pair owns all buckets.
    Owner,
    /// Someone without credentials.
    Stranger,
}

impl Authenticator {
    /// Whoever sends credentials is held to them, even where none are needed.
    pub(crate) fn check(&self, request: &Request, now: Moment) -> Result<Caller, Error> {
        if let Some(authorization) = request.headers.get(header::AUTHORIZATION) {
            // Bytes that are no text are credentials like any others that do not fit.
            self.check_header(request, authorization.to_str().unwrap_or_default(), now)?;
        } else if request.is_anonymous() || request.method == Method::OPTIONS {
            // What a browser asks before it sends a presigned request has the query of that request, and so its
            // signature, which is not one of OPTIONS.
            return Ok(Caller::Stranger);
        } else {
            self.check_query(request, now)?;
        }
        Ok(Caller::Owner)
    }

    /// Checks the credentials in the fields of a form: what is signed is the policy, as it was sent.
    pub(crate) fn check_form(&self, id: &str, policy: &str, signature: &str) -> Result<(), Error> {
        if signature::verify(&self.pair(id)?.secret_access_key, policy, signature) {
            return Ok(());
        }
        let message = "the field signature is not the signature of the field policy";
        Err(Error::new(Code::SignatureNotMatched, message).with_string_to_sign(policy.to_owned()))
    }

    fn check_header(&self, request: &Request, authorization: &str, now: Moment) -> Result<(), Error> {
        let (id, signature) = authorization
            .strip_prefix("QS ")
            .and_then(|credentials| credentials.trim().split_once(':'))
            .ok_or_else(|| {
                Error::new(
                    Code::InvalidAccessKeyId,
                    "the Authorization header is not of the form QS <access key id>:<signature>",
                )
            })?;
        self.check_signature(request, id, signature, None)?;
        let date = request.header("x-qs-date").or_else(|| request.header("date"));
        let seconds = date.and_then(Moment::parse_http_date).map(Moment::seconds);
        match seconds {
            Some(seconds) if (seconds - now.seconds()).abs() <= CLOCK_SKEW => Ok(()),
            Some(_) => Err(expired(format!(
                "the request's date is more than 15 minutes from the server's time, {}",
                now.http_date()
            ))),
            None => Err(expired("the request has no readable Date or x-qs-date")),
        }
    }

    fn check_query(&self, request: &Request, now: Moment) -> Result<(), Error> {
        let text = |name| request.query.text(name).unwrap_or_default();
        let expires = text("expires");
        // A `+` of base64 that was not encoded has become a space.
        let signature = text("signature").replace(' ', "+");
        self.check_signature(request, text("access_key_id"), &signature, Some(expires))?;
        match expires.parse::<i64>() {
            Ok(expires) if expires >= now.seconds() => Ok(()),
            Ok(_) => Err(expired("the presigned URL has expired")),
            Err(_) => Err(expired("the presigned URL has no expiry in whole seconds")),
        }
    }

    fn check_signature(
        &self,
        request: &Request,
        id: &str,
        signature: &str,
        expires: Option<&str>,
    ) -> Result<(), Error> {
        let pair = self.pair(id)?;
        let bucket_level = matches!(request.address.target, Target::Bucket { .. });
        let texts = request.signable(expires).acceptable(bucket_level);
        if texts.iter().any(|text| signature::verify(&pair.secret_access_key, text, signature)) {
            return Ok(());
        }
        let expected = texts.into_iter().next().unwrap_or_default();
        Err(Error::new(
            Code::SignatureNotMatched,
            "the signature is not the one of this request; compare string_to_sign with yours",
        )
        .with_string_to_sign(expected))
    }

    fn pair(&self, id: &str) -> Result<&KeyPair, Error> {
        self.key_pairs.iter().find(|pair| pair.access_key_id == id).ok_or_else(|| {
            let message = format!("the access key id \"{id}\" is not known");
            Error::new(Code::InvalidAccessKeyId, message)
        })
    }
}

fn expired(message: impl Into<String>) -> Error {
    Error::new(Code::RequestExpired, message)
}

#[cfg(test)]
#[path = "authenticate_tests.rs"]
mod tests;
