//! Handles one request: parses, routes, authenticates and executes it, injects a fault, and responds.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;

use crate::access_log::Entry;
use crate::address::Hosts;
use crate::anonymous_access::check_anonymous;
use crate::authenticate::{Caller, authenticate};
use crate::body::{OutgoingBody, RequestBody};
use crate::clock::{Clock, Moment};
use crate::connection::{Connection, ResponseHead};
use crate::cors;
use crate::error::{Code, Error};
use crate::faults::{FaultInjector, InjectedFault};
use crate::ids;
use crate::operations::{Call, Context};
use crate::request::Request;
use crate::response::{self, Response};
use crate::routes::{Operation, route};

/// The emulated service, shared by all connections.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) hosts: Hosts,
    pub(crate) clock: Clock,
    pub(crate) faults: Arc<FaultInjector>,
    pub(crate) context: Context,
    /// Status of the error `upload_not_exists`. QingStor documents both 400 and 404.
    pub(crate) upload_not_exists: StatusCode,
    pub(crate) refuse_chunked: bool,
}

/// The state of a request in progress.
struct RequestState<'a> {
    connection: &'a Connection,
    now: Moment,
    request_id: String,
    /// The injected fault. `None` before a rule of the fault plan hits the request, or if no rule does.
    fault: Option<InjectedFault>,
}

impl Service {
    /// Handles a request and returns the response as hyper sends it.
    pub(crate) async fn respond(
        &self,
        request: http::Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> http::Response<OutgoingBody> {
        let request_id = ids::request_id();
        let (parts, incoming) = request.into_parts();
        let mut body = RequestBody::new(incoming, &parts.headers, Arc::clone(connection));
        connection.begin(Entry::new(&parts, &request_id), body.remaining());
        let method = parts.method.clone();
        let mut state = RequestState { connection, now: self.clock.now(), request_id, fault: None };
        let error_response = |error: Error, request_id: &str| {
            let status = match error.code {
                Code::UploadNotExists => self.upload_not_exists,
                code => code.status(),
            };
            response::error(&error, status, &method, request_id)
        };
        let mut response = match Request::new(parts, &self.hosts, |domain| self.context.store.bucket_of_domain(domain))
        {
            Ok(request) => {
                let result = self.execute(&request, &mut body, &mut state).await;
                let mut response = result.unwrap_or_else(|error| error_response(error, &state.request_id));
                cors::add_headers(&mut response, &request, &self.context.store);
                response
            }
            Err(error) => error_response(error, &state.request_id),
        };
        if let Some(fault) = &state.fault {
            fault.before_response(connection).await;
        }
        let is_body_read = body.drain().await;
        if !is_body_read {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response::add_common_headers(&mut response, &state.request_id, self.clock.now());
        if let Some(fault) = &state.fault {
            fault.change_head(response.headers_mut());
        }
        let length = response.body().remaining();
        connection.set_response(ResponseHead::new(&method, response.status(), length), is_body_read);
        let fault = state.fault.and_then(|fault| fault.in_response_body(length));
        response.map(|body| OutgoingBody::new(body, Arc::clone(connection), fault))
    }

    /// Authenticates and executes a request.
    async fn execute(
        &self,
        request: &Request,
        body: &mut RequestBody,
        state: &mut RequestState<'_>,
    ) -> Result<Response, Error> {
        let operation = route(request);
        let matched = operation.as_ref().ok().copied();
        state.connection.update_entry(|entry| entry.operation = matched.map(Operation::id));
        let caller = authenticate(&self.context.key_pairs, request, state.now)?;
        if self.refuse_chunked && request.headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(Error::new(Code::LengthRequired, "this emulator refuses chunked bodies; send Content-Length"));
        }
        if caller == Caller::Anonymous {
            check_anonymous(matched, request, &self.context.store, self.context.allow_anonymous)?;
        }
        let operation = operation?;
        if let Some(response) = self.inject_fault(operation, request, body, state).await {
            return Ok(response);
        }
        let (now, request_id) = (state.now, state.request_id.as_str());
        operation.execute(Call { context: &self.context, request, now, request_id }, body).await
    }

    /// Chooses the fault of the request and applies its effects on the request body, which has not been read yet.
    /// Returns a response if the fault replaces the execution of the request.
    async fn inject_fault(
        &self,
        operation: Operation,
        request: &Request,
        body: &mut RequestBody,
        state: &mut RequestState<'_>,
    ) -> Option<Response> {
        state.fault = self.faults.on_request(operation, request, body.remaining() != Some(0));
        let fault = state.fault.as_ref()?;
        state.connection.update_entry(|entry| entry.fault = Some(fault.name()));
        if fault.is_reset_before_answer() {
            body.discard().await;
            return state.connection.reset().await;
        }
        if fault.needs_small_buffers() {
            state.connection.shrink_receive_buffer();
        }
        body.inject(fault.in_request_body(body.remaining()));
        fault.error_response(&request.method, &state.request_id)
    }
}
