//! The internal client below the public handles: sends operations, with signature and retries.

mod clock_skew;
mod presign;
mod retry;
mod send;
pub mod sign;
mod transport;
mod url;

use std::borrow::BorrowMut;
use std::sync::Arc;

use http::HeaderValue;

use crate::config::{AddressingStyle, Config, Credentials, Endpoint, RetryConfig};
use crate::error::{CallName, Error, Result};
use crate::operation::spec::OperationSpec;
use crate::operation::{Operation, RequestEncoder};
use crate::value::check_key;
use clock_skew::Clock;
pub use presign::PresignedRequest;
pub(crate) use retry::Attempts;
#[cfg(feature = "transfer")]
pub(crate) use retry::{can_retry_body, can_retry_range};
use send::Call;
#[cfg(feature = "bench")]
pub(crate) use transport::Outgoing;
use transport::Transport;

/// The client of an account. All handles that are made from one another share it.
pub(crate) struct Client {
    pub(crate) endpoint: Endpoint,
    pub(crate) zone: Option<String>,
    pub(crate) addressing_style: AddressingStyle,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) retry: RetryConfig,
    pub(crate) clock: Clock,
    pub(crate) transport: Transport,
}

/// The resource that a call addresses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Address<'a> {
    pub(crate) zone: Option<&'a str>,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
}

impl Client {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let settings = config.resolve()?;
        let transport = Transport::new(&settings)?;
        Ok(Self {
            user_agent: user_agent(settings.additional_user_agent.as_deref())?,
            endpoint: settings.endpoint,
            zone: settings.zone,
            addressing_style: settings.addressing_style,
            credentials: settings.credentials,
            retry: settings.retry,
            clock: Clock::default(),
            transport,
        })
    }

    /// Encodes `input`, sends it until it succeeds or `attempts` are used up, and decodes the response.
    ///
    /// The attempts belong to this request alone, or are borrowed from a transfer that sends several requests for a part.
    /// This function is compiled for each operation, so it is short. The functions that it calls are compiled once.
    pub(crate) async fn execute<'a, I: Operation>(
        &'a self,
        attempts: impl BorrowMut<Attempts<'a>> + Send,
        input: I,
        address: Address<'_>,
    ) -> Result<I::Output> {
        let (name, sending) = {
            let call = self.encode(input, address)?;
            (Arc::clone(&call.name), self.send(call, attempts))
        };
        let decoder = sending.await?;
        I::decode(decoder).map_err(|error| error.with_call(&name))
    }

    /// Returns the attempts that the configuration allows for one request.
    pub(crate) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&self.retry)
    }

    pub(crate) fn encode<I: Operation>(&self, input: I, address: Address<'_>) -> Result<Call> {
        let mut encoder = RequestEncoder::new(&I::SPEC);
        input.encode(&mut encoder);
        self.call(I::SPEC, encoder, address)
    }

    /// Returns the zone of a request: that of its bucket, or else of the account.
    pub(crate) fn zone_in_use<'a>(&'a self, given: Option<&'a str>) -> Option<&'a str> {
        given.or(self.zone.as_deref())
    }

    /// Checks a call. Not generic, so that it is compiled once for all operations.
    fn call(&self, spec: OperationSpec, mut encoder: RequestEncoder, address: Address<'_>) -> Result<Call> {
        let Address { zone, bucket, key } = address;
        let name = CallName { operation: spec.name, bucket: bucket.map(str::to_owned), key: key.map(str::to_owned) };
        if let Some(Err(problem)) = key.map(check_key) {
            encoder.refuse("key", problem);
        }
        let request = encoder.finish(self.credentials.as_ref());
        let addressed = request.and_then(|request| {
            // The configuration was checked before, so an error comes from the call.
            let target = self.endpoint.target(self.zone_in_use(zone), bucket, key, self.addressing_style);
            Ok((target.map_err(Error::into_invalid_input)?, request))
        });
        let (target, request) = addressed.map_err(|error| error.with_call(&name))?;
        Ok(Call { spec, name: Arc::new(name), target, request })
    }
}

fn user_agent(additional: Option<&str>) -> Result<HeaderValue> {
    let (version, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let additional = additional.map(|text| format!(" {text}")).unwrap_or_default();
    HeaderValue::from_str(&format!("qingstor-sdk-rust/{version} ({os}; {arch}){additional}"))
        .map_err(|error| Error::config("additional_user_agent must be printable ASCII").with_source(error))
}
