//! Sends an encoded request: signs each attempt, retries after errors, and reads the response.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::time::timeout;
use tracing::{Instrument, Span, debug, debug_span, field};

use crate::body::{ResponseBody, read_limited};
use crate::config::Target;
use crate::error::{CallName, Error, ErrorKind, REQUEST_ID, Result, ServiceError, causes};
use crate::operation::spec::{OperationSpec, ResponseKind};
use crate::operation::{EncodedRequest, FormKind, Payload, ResponseDecoder};
use crate::value::escape;
use crate::{Body, Timestamp};

use super::clock_skew::{CallClock, Verdict};
use super::retry::{Attempts, can_retry};
use super::transport::{Outgoing, has_too_many_headers};
use super::{Client, sign};

/// Maximum size of a JSON document in bytes. The largest one, a page of 1,000 keys of 1,023 bytes, has about 2 MiB.
const MAX_DOCUMENT_SIZE: usize = 64 << 20;
/// Maximum size of an error response in bytes.
const MAX_ERROR_SIZE: usize = 64 << 10;
/// Maximum time for an error response. If it takes longer, the error lacks its code and message.
const MAX_ERROR_TIME: Duration = Duration::from_secs(5);
/// Maximum time for a body that is not needed. A new connection takes less time than reading a slower body.
const MAX_UNNEEDED_TIME: Duration = Duration::from_secs(1);
/// Maximum time in which a server is expected to refuse a request after it received the head.
const MAX_REFUSAL_WAIT: Duration = Duration::from_secs(1);

/// Cause of, and remedy for, a response that is not one of QingStor.
pub(super) const CHECK_ENDPOINT: &str = "another server, such as a proxy or a captive portal, may have sent it: check the endpoint and \
                              the network";

/// Number of headers that this crate and the HTTP library add to a request.
const ADDED_HEADERS: usize = 8;

/// An encoded request with its address and its description for errors.
pub(crate) struct Call {
    pub(crate) spec: OperationSpec,
    pub(crate) name: Arc<CallName>,
    pub(crate) target: Target,
    pub(crate) request: EncodedRequest,
}

impl Client {
    /// Sends the call until it succeeds, fails with an error that is not retried, or `attempts` are used up.
    pub(crate) async fn send<'a>(&'a self, call: &Call, attempts: &mut Attempts<'a>) -> Result<ResponseDecoder> {
        let span = debug_span!(
            "qingstor",
            operation = call.spec.name,
            bucket = call.name.bucket.as_deref(),
            key = call.name.key.as_deref(),
            attempts = field::Empty,
        );
        let outcome = self.send_until_done(call, attempts).instrument(span.clone()).await;
        span.record("attempts", outcome.as_ref().map_or_else(Error::attempts, ResponseDecoder::attempts));
        outcome
    }

    /// Sends the call as [`send`](Self::send) does, without its span.
    async fn send_until_done<'a>(&'a self, call: &Call, attempts: &mut Attempts<'a>) -> Result<ResponseDecoder> {
        let (is_rewindable, is_idempotent) = (call.request.body.is_rewindable(), call.request.idempotent);
        let mut clock = CallClock::new(&self.clock);
        let (mut number, mut sent, mut is_cautious) = (1, 0, false);
        let mut accepts_more_headers = false;
        loop {
            let span = debug_span!("attempt", number, status = field::Empty, request_id = field::Empty);
            let signed_at = clock.now();
            // Boxed, although the future of the call is boxed too: allocators serve one large block more slowly than two
            // small ones.
            let attempt = Box::pin(self.attempt(call, sent + 1, signed_at, is_cautious, &span));
            let error = match attempt.instrument(span.clone()).await {
                Ok(response) => {
                    if let Some(time) = response.server_time() {
                        clock.learn(Verdict::Accepted, signed_at, time);
                    }
                    return Ok(response);
                }
                Err(error) => error,
            };
            let verdict = verdict(&error, &call.spec.method);
            let is_date_corrected = error.server_time().is_some_and(|time| clock.learn(verdict, signed_at, time));
            sent += u32::from(!error.is_unsent());
            is_cautious = is_broken_while_sending(&error);
            if is_date_corrected {
                debug!(%error, server_time = %clock.now(), "the local clock is wrong; using the time of the server");
            }
            // A head with too many headers says nothing about the connection, so the policy does not count this attempt.
            let needs_more_headers =
                !accepts_more_headers && is_read(&call.spec.method) && has_too_many_headers(&error);
            let retry = if needs_more_headers {
                accepts_more_headers = true;
                self.transport.accept_more_headers(&self.config, &self.endpoint)
            } else if is_date_corrected && is_rewindable {
                Ok(())
            } else if is_rewindable && can_retry(&error, is_idempotent) {
                attempts.pause(error).await
            } else {
                Err(error)
            };
            if let Err(error) = retry {
                let error = error.with_call(&call.name).with_attempts(sent);
                debug!(%error, "request failed");
                return Err(error);
            }
            number += 1;
        }
    }

    /// Sends the request once, for the `attempt`th time.
    ///
    /// If `is_cautious`, the server gets time to refuse the request before it receives more than the beginning of the
    /// body. A server that responds early and closes the connection makes hyper's write fail, and hyper does not read
    /// the response then.
    async fn attempt(
        &self,
        call: &Call,
        attempt: u32,
        signed_at: Timestamp,
        is_cautious: bool,
        span: &Span,
    ) -> Result<ResponseDecoder> {
        // The block keeps the request out of this future.
        let response = {
            let mut request = self.outgoing(call, signed_at)?;
            if is_cautious {
                request.body.pause_after_first_frame(MAX_REFUSAL_WAIT.min(self.transport.idle_timeout() / 2));
            }
            self.transport.send(request)
        }
        .await?;
        let (head, incoming) = response.into_parts();
        span.record("status", head.status.as_u16());
        // Without a subscriber, the id would be escaped for nothing.
        if !span.is_disabled()
            && let Some(id) = head.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok())
        {
            span.record("request_id", escape(id));
        }
        let body = ResponseBody::new(incoming, Arc::clone(&call.name), attempt, self.transport.idle_timeout());
        if is_success(head.status, &call.spec) {
            check_origin(&call.spec, &head.headers)
                .map_err(|error| error.with_response(ServiceError::of_headers(head.status, &head.headers)))?;
            let payload = match call.spec.response {
                ResponseKind::Streamed | ResponseKind::Resumable if head.status.is_success() => Payload::Streamed(body),
                ResponseKind::Json => Payload::Read(read_limited(body, MAX_DOCUMENT_SIZE).await?),
                // The response should have no body. If it has a short one, it is read so that the connection can be
                // reused.
                _ => {
                    read_short(body, MAX_UNNEEDED_TIME).await;
                    Payload::Read(Bytes::new())
                }
            };
            let only_reads = call.spec.method == Method::GET;
            let call = Arc::clone(&call.name);
            return Ok(ResponseDecoder::new(call, head.status, head.headers, payload, only_reads, attempt));
        }
        // If the body cannot be read, the error contains only the status and the headers, such as the request id.
        let bytes = read_short(body, MAX_ERROR_TIME).await;
        let response = ServiceError::parse(head.status, &head.headers, &bytes);
        if head.status.is_success() {
            let answer = response.message.as_ref().map(|message| format!(" ({message})")).unwrap_or_default();
            let message =
                format!("the response has a status that this operation does not have{answer}; {CHECK_ENDPOINT}");
            return Err(Error::unexpected_response(message).with_response(response));
        }
        let error = Error::from_service(response);
        if self.config.is_anonymous() && error.is_access_denied() {
            return Err(error.with_note(&self.config.unsigned_note()));
        }
        Err(error)
    }

    /// Returns the signed request of an attempt.
    pub(crate) fn outgoing(&self, call: &Call, signed_at: Timestamp) -> Result<Outgoing> {
        let headers = self.headers(call, signed_at)?;
        let body = call.request.body.attempt();
        let url = self.transport.url(&call.target, call.request.query.as_deref())?;
        Ok(Outgoing { method: call.spec.method.clone(), url, headers, body })
    }

    /// Returns the headers of the input and those of every attempt. The signature covers the other headers, so it is
    /// added last.
    fn headers(&self, call: &Call, signed_at: Timestamp) -> Result<HeaderMap> {
        let mut headers = call.request.headers.clone();
        headers.reserve(ADDED_HEADERS);
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        // If a proxy compressed the response, its length and hash would change.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        insert_length(&mut headers, &call.spec.method, &call.request.body);
        headers.insert(header::DATE, header_value(signed_at.to_http_date())?);
        if let Some(credentials) = self.config.credentials()
            && call.request.form != Some(FormKind::Signed)
        {
            let to_sign = sign::string_to_sign(&call.spec.method, &headers, call.resource());
            let signature = credentials.sign(&to_sign);
            let mut authorization = header_value(sign::authorization(credentials, &signature))?;
            authorization.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, authorization);
        }
        Ok(headers)
    }
}

impl Call {
    /// Returns the part of the URL that is signed.
    pub(crate) fn resource(&self) -> Vec<u8> {
        let Target { virtual_host_bucket, path, .. } = &self.target;
        let query = self.request.query.as_deref();
        sign::canonical_resource_with(self.spec.sub_resources, virtual_host_bucket.as_deref(), path, query)
    }
}

/// Adds `Content-Length`. For an empty body, it is added only if the method allows a body.
fn insert_length(headers: &mut HeaderMap, method: &Method, body: &Body) {
    if !body.is_empty() || matches!(*method, Method::PUT | Method::POST) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
}

fn header_value(text: String) -> Result<HeaderValue> {
    HeaderValue::try_from(text).map_err(|error| {
        Error::config("the access key id contains characters that a header cannot contain").with_source(error)
    })
}

/// Reads a body that is not the result of the call. Returns no bytes and closes the connection if the body cannot be
/// read, takes longer than `limit`, or is longer than an error response.
async fn read_short(body: ResponseBody, limit: Duration) -> Bytes {
    if body.remaining() == Some(0) {
        return Bytes::new();
    }
    timeout(limit, read_limited(body, MAX_ERROR_SIZE)).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// Returns true if the status is one of a success.
///
/// QingStor has changed the statuses of writes within 2xx before. For a read, another status such as 203 means that a
/// proxy has answered, or that the content is not the requested one.
fn is_success(status: StatusCode, spec: &OperationSpec) -> bool {
    let is_other_success = status.is_success() && !is_read(&spec.method);
    status == StatusCode::OK || is_other_success || spec.also_success.contains(&status.as_u16())
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Checks that QingStor has sent a successful response. A captive portal, for example, answers every request with its
/// own page and status 200. A JSON document is checked when it is parsed.
fn check_origin(spec: &OperationSpec, headers: &HeaderMap) -> Result<()> {
    let is_qingstor = [REQUEST_ID, header::ETAG, header::LAST_MODIFIED].iter().any(|name| headers.contains_key(name));
    if is_qingstor || !is_read(&spec.method) || spec.response == ResponseKind::Json {
        return Ok(());
    }
    Err(Error::unexpected_response(format!(
        "the response has neither a request id nor an ETag nor a modification date; {CHECK_ENDPOINT}"
    )))
}

/// Returns true if the connection broke, so that the server may have responded before it received the whole request.
///
/// If the server closes the connection properly and has not responded, there is no I/O error.
fn is_broken_while_sending(error: &Error) -> bool {
    error.kind() == ErrorKind::Connection && causes(error).any(|cause| cause.is::<io::Error>())
}

/// Returns the verdict of an error response on the date of its request.
fn verdict(error: &Error, method: &Method) -> Verdict {
    match error.code() {
        _ if error.status() != Some(StatusCode::FORBIDDEN) => Verdict::Accepted,
        Some("request_expired") => Verdict::Expired,
        // The response to HEAD has no body, so it has no error code.
        None if *method == Method::HEAD => Verdict::MaybeExpired,
        _ => Verdict::Accepted,
    }
}

#[cfg(test)]
mod tests;
