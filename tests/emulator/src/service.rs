//! One request from its arrival to its answer: understood, authenticated, routed, performed.

use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;

use crate::address::Hosts;
use crate::authenticate::Authenticator;
use crate::clock::{Clock, Moment};
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
    pub(crate) authenticator: Authenticator,
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
        let mut answer = match self.perform(parts, &mut payload, now).await {
            Ok(answer) => answer,
            Err(error) => response::error(&error, self.status(&error), &method, &request_id),
        };
        if !payload.settle().await {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
        }
        response::finish(&mut answer, &request_id, self.clock.now());
        answer
    }

    async fn perform(&self, parts: Parts, payload: &mut Payload, now: Moment) -> Result<Answer, Error> {
        let request = Request::new(parts, &self.hosts)?;
        self.authenticator.check(&request, now)?;
        if self.refuse_chunked && request.headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(Error::new(Code::LengthRequired, "a body in chunks is refused; send Content-Length"));
        }
        let operation = route(&request)?;
        self.operations.perform(operation, &request, payload, now).await
    }

    fn status(&self, error: &Error) -> StatusCode {
        match error.code() {
            Code::UploadNotExists => self.upload_not_exists,
            code => code.status(),
        }
    }
}
