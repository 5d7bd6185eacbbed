//! What generated code tells the runtime about an operation.

mod decoder;
mod encoder;
mod form;
pub(crate) mod prelude;
mod string_enum;

#[allow(unused_imports, reason = "the specification decides what of this is used")]
pub(crate) use decoder::FromHeader;
pub use decoder::ResponseInfo;
pub(crate) use decoder::{Payload, ResponseDecoder};
pub(crate) use encoder::{EncodedRequest, FormKind, RequestEncoder};

use crate::error::Result;
use spec::OperationSpec;

/// A call of the API: implemented by every generated `…Input`, and by nothing else. What it takes to implement it has no
/// name outside of this crate, so that it can change.
///
/// It is public so that [`QingStor::presign`](crate::QingStor::presign), [`Bucket::presign`](crate::Bucket::presign)
/// and [`Bucket::presign_object`](crate::Bucket::presign_object) can take any input.
pub trait Operation: Send + Sized {
    /// What the operation returns.
    type Output: Send;

    /// What it addresses: [`ServiceScope`], [`BucketScope`] or [`ObjectScope`].
    type Scope: Scope;

    #[doc(hidden)]
    const SPEC: OperationSpec;

    #[doc(hidden)]
    fn encode(self, request: &mut RequestEncoder);

    #[doc(hidden)]
    fn decode(response: ResponseDecoder) -> Result<Self::Output>;
}

/// Public types in a private module: they occur in a public trait, and cannot be named where it is used.
pub(crate) mod spec {
    use http::Method;

    #[derive(Clone, Debug)]
    pub struct OperationSpec {
        pub name: &'static str,
        pub method: Method,
        /// Query keys without a value that name what is addressed, such as `uploads`.
        pub sub_resources: &'static [&'static str],
        /// Statuses outside 200..=299 that are successes too.
        pub also_success: &'static [u16],
        /// Whether sending it twice does no more than sending it once.
        pub repeatable: bool,
        pub response: ResponseKind,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ResponseKind {
        Empty,
        Json,
        Streamed,
    }
}

/// What an operation addresses.
pub trait Scope: sealed::Sealed {}

/// The operation addresses the account.
#[derive(Debug)]
pub enum ServiceScope {}
/// The operation addresses a bucket.
#[derive(Debug)]
pub enum BucketScope {}
/// The operation addresses an object.
#[derive(Debug)]
pub enum ObjectScope {}

impl Scope for ServiceScope {}
impl Scope for BucketScope {}
impl Scope for ObjectScope {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ServiceScope {}
    impl Sealed for super::BucketScope {}
    impl Sealed for super::ObjectScope {}
}

/// An operation of somebody else's would have to name these.
///
/// ```compile_fail
/// use qingstor_sdk::operation::spec::OperationSpec;
/// ```
///
/// ```compile_fail
/// use qingstor_sdk::operation::RequestEncoder;
/// ```
///
/// ```compile_fail
/// use qingstor_sdk::operation::ResponseDecoder;
/// ```
#[cfg(doctest)]
struct Sealed;
