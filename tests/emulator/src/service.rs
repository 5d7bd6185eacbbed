//! Handles one request from its arrival to its answer: parses, routes, authenticates and executes it.

use std::sync::Arc;

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::Incoming;

use crate::access_log::Entry;
use crate::address::Hosts;
use crate::anonymous_access::check_anonymous;
use crate::authenticate::{Caller, authenticate};
use crate::body::{OutgoingBody, RequestBody};
use crate::clock::{Clock, Moment};
use crate::connection::{AnswerHead, Connection};
use crate::cors;
use crate::error::{Code, Error};
use crate::faults::{FaultInjector, InjectedFault};
use crate::ids;
use crate::operations::{Call, Context};
use crate::request::Request;
use crate::response::{self, Answer};
use crate::routes::{Operation, route};

/// The emulated service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) hosts: Hosts,
    pub(crate) clock: Clock,
    pub(crate) faults: Arc<FaultInjector>,
    pub(crate) context: Context,
    /// Status of `upload_not_exists`. The service's documents disagree about it.
    pub(crate) upload_not_exists: StatusCode,
    pub(crate) refuse_chunked: bool,
}

/// The state of a request in progress.
struct RequestState<'a> {
    connection: &'a Connection,
    now: Moment,
    request_id: String,
    /// The injected fault. `None` until the decision, and if there is none.
    fault: Option<InjectedFault>,
}

impl Service {
    pub(crate) async fn answer(
        &self,
        request: http::Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> Response<OutgoingBody> {
        let request_id = ids::request_id();
        let (parts, incoming) = request.into_parts();
        let mut body = RequestBody::new(incoming, &parts.headers, Arc::clone(connection));
        connection.begin(Entry::new(&parts, &request_id), body.remaining());
        let method = parts.method.clone();
        let mut state = RequestState { connection, now: self.clock.now(), request_id, fault: None };
        let refuse = |error: Error, request_id: &str| {
            let status = match error.code {
                Code::UploadNotExists => self.upload_not_exists,
                code => code.status(),
            };
            response::error(&error, status, &method, request_id)
        };
        let mut answer = match Request::new(parts, &self.hosts) {
            Ok(request) => {
                let result = self.execute(&request, &mut body, &mut state).await;
                let mut answer = result.unwrap_or_else(|error| refuse(error, &state.request_id));
                cors::add_headers(&mut answer, &request, &self.context.store);
                answer
            }
            Err(error) => refuse(error, &state.request_id),
        };
        if let Some(fault) = &state.fault {
            fault.before_answer(connection).await;
        }
        let is_read = body.drain().await;
        if !is_read {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response::add_common_headers(&mut answer, &state.request_id, self.clock.now());
        if let Some(fault) = &state.fault {
            fault.change_head(answer.headers_mut());
        }
        let length = answer.body().remaining();
        connection.answer(AnswerHead::new(&method, answer.status(), length), is_read);
        let fault = state.fault.and_then(|fault| fault.in_answer_body(length));
        answer.map(|body| OutgoingBody::new(body, Arc::clone(connection), fault))
    }

    async fn execute(
        &self,
        request: &Request,
        body: &mut RequestBody,
        state: &mut RequestState<'_>,
    ) -> Result<Answer, Error> {
        let operation = route(request);
        let known = operation.as_ref().ok().copied();
        state.connection.update_entry(|entry| entry.operation = known.map(Operation::id));
        let caller = authenticate(&self.context.key_pairs, request, state.now)?;
        if self.refuse_chunked && request.headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(Error::new(Code::LengthRequired, "chunked bodies are refused; send Content-Length"));
        }
        if caller == Caller::Anonymous {
            check_anonymous(known, request, &self.context.store, self.context.allow_anonymous)?;
        }
        let operation = operation?;
        if let Some(answer) = self.inject_fault(operation, request, body, state).await {
            return Ok(answer);
        }
        let (now, request_id) = (state.now, state.request_id.as_str());
        operation.execute(Call { context: &self.context, request, now, request_id }, body).await
    }

    /// Decides about a fault before the body is read. Returns the answer if it replaces the execution of the request.
    async fn inject_fault(
        &self,
        operation: Operation,
        request: &Request,
        body: &mut RequestBody,
        state: &mut RequestState<'_>,
    ) -> Option<Answer> {
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
        fault.error_answer(&request.method, &state.request_id)
    }
}
