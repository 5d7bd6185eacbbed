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

use qingstor_sdk::{Bucket, QingStor, RetryConfig, Timestamp};
use qingstor_tests::account_with_response;
use wiremock::{MockServer, ResponseTemplate};

/// Returns an account at a service that always gives this answer.
async fn account(answer: ResponseTemplate) -> (QingStor, MockServer) {
    account_with_response(answer, RetryConfig::disabled()).await.unwrap()
}

/// Returns a bucket at a service that always gives this answer.
async fn answering(answer: ResponseTemplate) -> (Bucket, MockServer) {
    let (account, server) = account(answer).await;
    (account.bucket("bucket", None), server)
}

fn status(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
