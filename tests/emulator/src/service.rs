//! One request from its arrival to its answer: understood, authenticated, routed, performed.

use http::{HeaderValue, Method, StatusCode, header};
use hyper::body::Incoming;

use crate::address::Hosts;
use crate::authenticate::Caller;
use crate::clock::{Clock, Moment};
use crate::cross_origin;
use crate::error::{Code, Error};
use crate::ids;
use crate::operations::Operations;
use crate::payload::Payload;
use crate::request::Request;
use crate::response::{self, Answer};
use crate::route::route;

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) hosts: Hosts,
    pub(crate) operations: Operations,
    pub(crate) clock: Clock,
    /// What an unknown upload is answered with: the service's own documents disagree.
    pub(crate) upload_not_exists: StatusCode,
    pub(crate) refuse_chunked: bool,
}

impl Service {
    pub(crate) async fn answer(&self, request: http::Request<Incoming>) -> Answer {
        let request_id = ids::request();
        let (parts, incoming) = request.into_parts();
        let method = parts.method.clone();
        let mut payload = Payload::new(incoming, &parts.headers);
        let now = self.clock.now();
        let mut answer = match Request::new(parts, &self.hosts) {
            Ok(request) => {
                let performed = self.perform(&request, &mut payload, now, &request_id).await;
                let mut answer = performed.unwrap_or_else(|error| self.refuse(&error, &method, &request_id));
                cross_origin::announce(&mut answer, &request, &self.operations.store);
                answer
            }
            Err(error) => self.refuse(&error, &method, &request_id),
        };
        if !payload.settle().await {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
        }
        response::finish(&mut answer, &request_id, self.clock.now());
        answer
    }

    async fn perform(
        &self,
        request: &Request,
        payload: &mut Payload,
        now: Moment,
        request_id: &str,
    ) -> Result<Answer, Error> {
        let operations = &self.operations;
        let caller = operations.authenticator.check(request, now)?;
        if self.refuse_chunked && request.headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(Error::new(Code::LengthRequired, "a body in chunks is refused; send Content-Length"));
        }
        let operation = route(request);
        if caller == Caller::Stranger {
            operations.access.check_stranger(operation.as_ref().ok().copied(), request, &operations.store)?;
        }
        operations.perform(operation?, request, payload, now, request_id).await
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
