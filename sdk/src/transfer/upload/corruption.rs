//! What was changed on its way is sent again.

use crate::error::{CallName, Error, Result};
use crate::md5_lanes::Md5Sum;
use crate::transfer::etag::parse_hex;
use crate::transfer::object_properties::ObjectProperties;

/// How often it is sent.
const MOST_ATTEMPTS: u32 = 3;

/// Sends until the server has what was sent, as far as the entity tag that it answers with can tell; its answer, and how many
/// requests that took.
pub(super) async fn until_whole<T, F>(
    call: &CallName,
    mut send: impl FnMut() -> F,
    told: impl Fn(&T) -> (Option<String>, u32),
    sum: Option<&Md5Sum>,
    headers: &ObjectProperties,
) -> Result<(T, u32)>
where
    F: Future<Output = Result<T>>,
{
    let (mut attempt, mut requests) = (1, 0);
    loop {
        let failure = match send().await {
            Ok(output) => {
                let (etag, made) = told(&output);
                requests += made;
                if is_what_was_sent(etag.as_deref(), sum, headers) {
                    return Ok((output, requests));
                }
                Error::unexpected_response(
                    "the server's checksum is not that of what was sent: it was changed on its way",
                )
                .with_call(call)
            }
            Err(error) => {
                requests += error.attempts();
                if error.code() != Some("bad_digest") {
                    return Err(error.with_attempts(requests));
                }
                error
            }
        };
        if attempt == MOST_ATTEMPTS {
            return Err(failure.with_attempts(requests));
        }
        tracing::warn!(attempt, error = %failure, "sending it again");
        attempt += 1;
    }
}

/// Whether an entity tag, if it is a sum at all, is that of what was sent.
fn is_what_was_sent(etag: Option<&str>, sum: Option<&Md5Sum>, headers: &ObjectProperties) -> bool {
    match (etag.and_then(parse_hex), sum) {
        // What is encrypted has the sum of what is stored.
        (Some(stored), Some(sum)) => headers.encryption.is_some() || stored == *sum,
        _ => true,
    }
}
