#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod error;
mod list;
mod multipart;
mod object;
mod store;

pub use builder::QingStorStoreBuilder;
pub use store::{ConditionalWrites, QingStorStore};
