//! The one way from an encoded request to an answer: attempts, signatures, retries.

use std::borrow::BorrowMut;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tracing::{Instrument, Span, debug, debug_span, field};

use crate::body::{ResponseBody, read_limited};
use crate::config::Target;
use crate::error::{CallName, Error, ErrorKind, REQUEST_ID, Result, ServiceError};
use crate::operation::spec::{OperationSpec, ResponseKind};
use crate::operation::{EncodedRequest, FormKind, Payload, ResponseDecoder};
use crate::{Body, Timestamp};

use super::retry::{Attempts, is_transient};
use super::transport::Outgoing;
use super::{Client, sign};

/// A page of 1,000 keys of 1,023 bytes is 2 MiB; what is much longer is no answer of QingStor's.
const LONGEST_DOCUMENT: usize = 64 << 20;
const LONGEST_ERROR: usize = 64 << 10;

/// By this crate and the HTTP library: with room for them, a map of headers does not grow one by one.
const ADDED_HEADERS: usize = 8;

pub(crate) struct Call {
    pub(crate) spec: OperationSpec,
    pub(crate) name: Arc<CallName>,
    pub(crate) target: Target,
    pub(crate) request: EncodedRequest,
}

impl Client {
    pub(crate) fn send<'a, A: BorrowMut<Attempts<'a>> + Send>(
        &'a self,
        call: Call,
        attempts: A,
    ) -> impl Future<Output = Result<ResponseDecoder>> + Send + use<'a, A> {
        let (operation, name) = (call.spec.name, Arc::clone(&call.name));
        // In a place of its own, or all of it would be moved along whenever a caller moves the call.
        let sending = Box::pin(self.send_until_done(call, attempts));
        async move {
            // Only now is it known what it belongs to: a caller may make a span for the call after making the call.
            let span = debug_span!(
                "qingstor",
                operation,
                bucket = name.bucket.as_deref(),
                key = name.key.as_deref(),
                attempts = field::Empty,
            );
            let outcome = sending.instrument(span.clone()).await;
            span.record("attempts", outcome.as_ref().map_or_else(Error::attempts, ResponseDecoder::attempts));
            outcome
        }
    }

    /// No `async fn`: its future would have the call twice, as it was handed over and as it is used.
    fn send_until_done<'a, A: BorrowMut<Attempts<'a>> + Send>(
        &'a self,
        call: Call,
        mut attempts: A,
    ) -> impl Future<Output = Result<ResponseDecoder>> + Send + use<'a, A> {
        let (is_rewindable, is_idempotent) = (call.request.body.is_rewindable(), call.request.idempotent);
        async move {
            let mut is_clock_corrected = false;
            let mut number = 1;
            loop {
                let span = debug_span!("attempt", number, status = field::Empty, request_id = field::Empty);
                let signed_at = self.clock.now();
                let error = match self.attempt(&call, number, signed_at, &span).instrument(span.clone()).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                if is_rewindable
                    && !is_clock_corrected
                    && is_expired(&error, &call.spec.method)
                    && let Some(server_time) = error.server_time()
                    && self.clock.correct(signed_at, server_time)
                {
                    debug!(%error, %server_time, "this machine's clock is off; using the server's");
                    is_clock_corrected = true;
                } else if is_rewindable
                    && is_transient(&error, is_idempotent)
                    && let Some(wait) = attempts.borrow_mut().wait_after(&error)
                {
                    debug!(%error, attempt = number, wait_ms = wait.as_millis(), "trying again");
                    tokio::time::sleep(wait).await;
                } else {
                    let error = error.with_call(&call.name).with_attempts(number);
                    debug!(%error, "failed");
                    return Err(error);
                }
                number += 1;
            }
        }
    }

    async fn attempt(&self, call: &Call, attempt: u32, signed_at: Timestamp, span: &Span) -> Result<ResponseDecoder> {
        let request = self.outgoing(call, signed_at)?;
        let response = self.transport.send(request).await?;
        let (head, incoming) = response.into_parts();
        span.record("status", head.status.as_u16());
        if let Some(id) = head.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()) {
            span.record("request_id", id);
        }
        let body = ResponseBody::new(incoming, Arc::clone(&call.name), attempt, self.transport.idle_timeout());
        if is_success(head.status, &call.spec) {
            let payload = match call.spec.response {
                ResponseKind::Streamed if head.status.is_success() => Payload::Streamed(body),
                ResponseKind::Json => Payload::Read(read_limited(body, LONGEST_DOCUMENT).await?),
                // Nothing is expected: what comes all the same is read, if it is short, to keep the connection.
                _ => {
                    let _ = read_limited(body, LONGEST_ERROR).await;
                    Payload::Read(Bytes::new())
                }
            };
            let is_read = call.spec.method == Method::GET;
            return Ok(ResponseDecoder::new(head.status, head.headers, payload, is_read, attempt));
        }
        // What cannot be read of an error's body is done without: its status is what counts.
        let bytes = read_limited(body, LONGEST_ERROR).await.unwrap_or_default();
        Err(Error::from_service(ServiceError::parse(head.status, &head.headers, &bytes)))
    }

    /// What an attempt sends, signed.
    pub(crate) fn outgoing(&self, call: &Call, signed_at: Timestamp) -> Result<Outgoing> {
        let headers = self.headers(call, signed_at)?;
        let body = call.request.body.attempt();
        let url = self.transport.url(&call.target, call.request.query.as_deref())?;
        Ok(Outgoing { method: call.spec.method.clone(), url, headers, body })
    }

    /// The input's headers and what every attempt adds to them, the signature last.
    fn headers(&self, call: &Call, signed_at: Timestamp) -> Result<HeaderMap> {
        let mut headers = call.request.headers.clone();
        headers.reserve(ADDED_HEADERS);
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        // A front end that compresses on its way out would break lengths and hashes.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        insert_length(&mut headers, &call.spec.method, &call.request.body);
        headers.insert(header::DATE, header_value(signed_at.to_http_date())?);
        let in_header = self.credentials.as_ref().filter(|_| call.request.form != Some(FormKind::Signed));
        if let Some(credentials) = in_header {
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
    /// What is signed of the URL.
    pub(crate) fn resource(&self) -> Vec<u8> {
        let (target, query) = (&self.target, self.request.query.as_deref());
        sign::canonical_resource_with(self.spec.sub_resources, target.virtual_host_bucket(), &target.path, query)
    }
}

/// Methods that may carry a body say that they carry none; the others say nothing.
fn insert_length(headers: &mut HeaderMap, method: &Method, body: &Body) {
    if !body.is_empty() || matches!(*method, Method::PUT | Method::POST) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
}

fn header_value(text: String) -> Result<HeaderValue> {
    HeaderValue::try_from(text)
        .map_err(|error| Error::config("the access key id has characters that no header can carry").with_source(error))
}

fn is_success(status: StatusCode, spec: &OperationSpec) -> bool {
    status.is_success() || spec.also_success.contains(&status.as_u16())
}

fn is_expired(error: &Error, method: &Method) -> bool {
    let silent = *method == Method::HEAD && error.code().is_none();
    error.kind() == ErrorKind::Service
        && error.status() == Some(StatusCode::FORBIDDEN)
        && (silent || error.code() == Some("request_expired"))
}

#[cfg(test)]
mod tests;
