//! Everything that generated code uses, so that each generated file needs one line of imports.

#![allow(unused_imports, reason = "the specification decides what of this is used")]

pub(crate) use std::collections::BTreeMap;

pub(crate) use http::Method;
pub(crate) use serde::{Deserialize, Serialize};

pub(crate) use crate::body::{Body, ResponseBody};
pub(crate) use crate::error::Result;
pub(crate) use crate::object_source::ObjectSource;
pub(crate) use crate::operation::spec::{OperationSpec, ResponseKind};
pub(crate) use crate::operation::{BucketScope, ObjectScope, Operation, ServiceScope};
pub(crate) use crate::pagination::{PageTurn, Paginated};
pub(crate) use crate::request::RequestEncoder;
pub(crate) use crate::response::{ResponseDecoder, ResponseInfo, null_as_default, one_or_many};
pub(crate) use crate::secret::{Exposed, Secret, exposed};
pub(crate) use crate::string_enum::string_enum;
pub(crate) use crate::timestamp::Timestamp;
pub(crate) use crate::types;
