//! One request from its arrival to its answer: understood, authenticated, routed, performed.

use std::sync::Arc;

use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body::Body;
use hyper::body::Incoming;

use crate::access_log::Entry;
use crate::address::Hosts;
use crate::authenticate::Caller;
use crate::clock::{Clock, Moment};
use crate::cross_origin;
use crate::error::{Code, Error};
use crate::faults::{BeforeAnswer, Faults, Hit, Intake, Outgoing};
use crate::ids;
use crate::operations::Operations;
use crate::payload::Payload;
use crate::request::Request;
use crate::response::{self, Answer};
use crate::route::route;
use crate::served::{Operation, operations};
use crate::wire::Wire;

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) hosts: Hosts,
    pub(crate) operations: Operations,
    pub(crate) clock: Clock,
    /// What an unknown upload is answered with: the service's own documents disagree.
    pub(crate) upload_not_exists: StatusCode,
    pub(crate) refuse_chunked: bool,
    pub(crate) faults: Arc<Faults>,
}

/// A request that is being served.
struct Turn<'a> {
    wire: &'a Wire,
    now: Moment,
    request_id: String,
    /// What is to go wrong with it, once that is decided.
    hit: Option<Hit>,
}

impl Service {
    pub(crate) async fn answer(&self, request: http::Request<Incoming>, wire: &Arc<Wire>) -> Response<Outgoing> {
        let request_id = ids::request();
        let (parts, incoming) = request.into_parts();
        let intake = Intake::new(incoming, Arc::clone(wire));
        wire.begin(Entry::new(&parts, &request_id), intake.length());
        let method = parts.method.clone();
        let mut payload = Payload::new(intake, &parts.headers);
        let mut turn = Turn { wire, now: self.clock.now(), request_id, hit: None };
        let mut answer = match Request::new(parts, &self.hosts) {
            Ok(request) => {
                let performed = self.perform(&request, &mut payload, &mut turn).await;
                let mut answer = performed.unwrap_or_else(|error| self.refuse(&error, &method, &turn.request_id));
                cross_origin::announce(&mut answer, &request, &self.operations.store);
                answer
            }
            Err(error) => self.refuse(&error, &method, &turn.request_id),
        };
        match turn.hit.as_ref().and_then(Hit::before_answer) {
            Some(BeforeAnswer::Reset) => return wire.reset().await,
            Some(BeforeAnswer::Stall { lasts }) => wire.stall(lasts).await,
            None => {}
        }
        let is_read = payload.settle().await;
        if !is_read {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
        }
        response::finish(&mut answer, &turn.request_id, self.clock.now());
        if let Some(hit) = &turn.hit {
            hit.change_head(answer.headers_mut());
        }
        wire.answer(&method, &answer, is_read);
        answer.map(|body| {
            let fault = turn.hit.and_then(|hit| hit.on_send(body.size_hint().exact().unwrap_or_default()));
            Outgoing::new(body, Arc::clone(wire), fault)
        })
    }

    async fn perform(&self, request: &Request, payload: &mut Payload, turn: &mut Turn<'_>) -> Result<Answer, Error> {
        let operations = &self.operations;
        let operation = route(request);
        turn.wire.identify(operation.as_ref().ok().copied().and_then(id));
        let caller = operations.authenticator.check(request, turn.now)?;
        if self.refuse_chunked && request.headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(Error::new(Code::LengthRequired, "a body in chunks is refused; send Content-Length"));
        }
        if caller == Caller::Stranger {
            operations.access.check_stranger(operation.as_ref().ok().copied(), request, &operations.store)?;
        }
        let operation = operation?;
        if let Some(answer) = self.decide(operation, request, payload, turn).await {
            return Ok(answer);
        }
        operations.perform(operation, request, payload, turn.now, &turn.request_id).await
    }

    /// Decides what goes wrong, before anything is read. The answer, if there is one, takes the place of serving it.
    async fn decide(
        &self,
        operation: Operation,
        request: &Request,
        payload: &mut Payload,
        turn: &mut Turn<'_>,
    ) -> Option<Answer> {
        turn.hit = self.faults.of_request(operation, request, payload.is_expected());
        let hit = turn.hit.as_ref()?;
        turn.wire.blame(hit.name());
        if hit.is_reset_unserved() {
            payload.discard().await;
            return turn.wire.reset().await;
        }
        payload.misbehave(hit);
        hit.instead(&request.method, &turn.request_id)
    }

    fn refuse(&self, error: &Error, method: &Method, request_id: &str) -> Answer {
        response::error(error, self.status(error), method, request_id)
    }

    fn status(&self, error: &Error) -> StatusCode {
        match error.code() {
            Code::UploadNotExists => self.upload_not_exists,
            code => code.status(),
        }
    }
}

/// What the official specification calls it.
fn id(operation: Operation) -> Option<&'static str> {
    operations().iter().find(|served| served.operation() == operation).map(|served| served.id())
}
