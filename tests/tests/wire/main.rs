//! Requests and responses byte for byte: encoding, decoding, signatures, presigned requests, forms.

mod body_length;
mod bucket_settings;
mod forms;
mod input_validation;
mod input_values;
mod presigned;
mod requests;
mod response_documents;
mod response_tolerance;
mod responses;
mod signatures;
