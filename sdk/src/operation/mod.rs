//! The trait of all operations, and the runtime of generated code.

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

/// An operation of the API. All generated `…Input` types implement it, and no other type can.
///
/// It is public so that [`QingStor::presign`](crate::QingStor::presign), [`Bucket::presign`](crate::Bucket::presign)
/// and [`Bucket::presign_object`](crate::Bucket::presign_object) can take any input.
pub trait Operation: Send + Sized {
    /// Result of the operation.
    type Output: Send;

    /// Resource that the operation addresses: [`ServiceScope`], [`BucketScope`] or [`ObjectScope`].
    type Scope: Scope;

    #[doc(hidden)]
    const SPEC: OperationSpec;

    #[doc(hidden)]
    fn encode(self, request: &mut RequestEncoder);

    #[doc(hidden)]
    fn decode(response: ResponseDecoder) -> Result<Self::Output>;
}

/// Types of a public trait that cannot be named outside of this crate, so that they can change.
pub(crate) mod spec {
    use http::Method;

    #[derive(Clone, Debug)]
    pub struct OperationSpec {
        pub name: &'static str,
        pub method: Method,
        /// Query keys without a value that are part of the address, such as `uploads`.
        pub sub_resources: &'static [&'static str],
        /// Statuses outside of 200 to 299 that are successes.
        pub also_success: &'static [u16],
        /// True if sending the request twice has the same effect as sending it once.
        pub idempotent: bool,
        pub response: ResponseKind,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ResponseKind {
        Empty,
        Json,
        Streamed,
    }
}

/// The resource that an operation addresses.
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

/// Checks that code outside of this crate cannot implement `Operation`, which would need these names.
///
/// ```compile_fail
/// use qingstor_sdk::operations::spec::OperationSpec;
/// ```
///
/// ```compile_fail
/// use qingstor_sdk::operations::RequestEncoder;
/// ```
///
/// ```compile_fail
/// use qingstor_sdk::operations::ResponseDecoder;
/// ```
#[cfg(doctest)]
struct Sealed;
