//! The trait of all operations, and the functions that generated code calls.

#![allow(dead_code, unused_imports, unused_macros, reason = "some specifications do not need all of these functions")]

mod decoder;
mod encoder;
mod form;
pub(crate) mod prelude;
mod string_enum;

pub(crate) use decoder::FromHeader;
pub use decoder::ResponseInfo;
pub(crate) use decoder::{Payload, ResponseDecoder};
pub(crate) use encoder::{EncodedRequest, FormKind, RequestEncoder};

use crate::error::Result;
use spec::OperationSpec;

/// An operation of the API. All generated `…Input` types implement it. It cannot be implemented outside of this crate.
///
/// Functions that are generic over it, such as [`Bucket::presign_object`](crate::Bucket::presign_object), accept the
/// input of any operation.
pub trait Operation: Send + Sized {
    /// The result of the operation.
    type Output: Send;

    /// The kind of resource that the operation addresses: [`ServiceScope`], [`BucketScope`] or [`ObjectScope`].
    type Scope: Scope;

    #[doc(hidden)]
    const SPEC: OperationSpec;

    #[doc(hidden)]
    fn encode(self, request: &mut RequestEncoder);

    #[doc(hidden)]
    fn decode(response: ResponseDecoder) -> Result<Self::Output>;
}

/// Types in the signature of the public trait. They cannot be named outside of this crate, so they are not part of its
/// API.
pub(crate) mod spec {
    use http::Method;

    #[derive(Clone, Debug)]
    pub struct OperationSpec {
        pub name: &'static str,
        pub method: Method,
        /// Query parameters without a value that are part of the address, such as `uploads`.
        pub sub_resources: &'static [&'static str],
        /// Successful statuses in addition to 200 and, unless the method is GET or HEAD, 201 to 299.
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
        /// A stream that continues after its connection broke.
        Resumable,
    }
}

/// The kind of resource that an operation addresses.
pub trait Scope: sealed::Sealed {}

/// The scope of operations on the account.
#[derive(Debug)]
pub enum ServiceScope {}
/// The scope of operations on a bucket.
#[derive(Debug)]
pub enum BucketScope {}
/// The scope of operations on an object.
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

/// Checks that code outside of this crate cannot implement `Operation`, because these types cannot be named.
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
