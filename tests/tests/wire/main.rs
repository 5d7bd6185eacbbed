//! Requests and responses byte by byte: encoding, decoding, signatures, presigned requests, forms.

mod body_length;
mod bucket_settings;
mod forms;
mod input_validation;
mod input_values;
mod json_responses;
mod presigned;
mod requests;
mod response_tolerance;
mod responses;
mod signatures;

use qingstor_sdk::{Bucket, QingStor, RetryConfig, Timestamp};
use qingstor_tests::account_with_response;
use wiremock::{MockServer, ResponseTemplate};

/// Returns a client of a server that always sends `response`.
async fn account_with(response: ResponseTemplate) -> (QingStor, MockServer) {
    account_with_response(response, RetryConfig::disabled()).await.unwrap()
}

/// Returns a bucket at a server that always sends `response`.
async fn bucket_with(response: ResponseTemplate) -> (Bucket, MockServer) {
    let (account, server) = account_with(response).await;
    (account.bucket("bucket", None), server)
}

fn status(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
