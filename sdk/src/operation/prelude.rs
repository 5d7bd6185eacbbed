//! The types and functions that generated code imports.

pub(crate) use std::collections::BTreeMap;

pub(crate) use http::Method;
pub(crate) use serde::{Deserialize, Serialize};

pub(crate) use super::decoder::{ResponseDecoder, ResponseInfo, null_as_default, one_or_many};
pub(crate) use super::spec::{OperationSpec, ResponseKind};
pub(crate) use super::string_enum::string_enum;
pub(crate) use super::{BucketScope, ObjectScope, Operation, RequestEncoder, ServiceScope};
pub(crate) use crate::body::{Body, ResponseBody};
pub(crate) use crate::error::Result;
pub(crate) use crate::pagination::{PageCursor, Paginated};
pub(crate) use crate::types;
pub(crate) use crate::value::{ByteRange, Exposed, ObjectSource, Secret, Timestamp, UnixTime, exposed, unix_time};
