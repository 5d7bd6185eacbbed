//! A service that gives prepared answers, whatever it is asked.

use qingstor_sdk::{Config, QingStor, Result, RetryConfig};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The request id that [`account_answering`] puts into every answer.
pub const REQUEST_ID: &str = "0123456789abcdef";

/// One answer after the other, the last of them again and again.
pub async fn service_answering(answers: impl IntoIterator<Item = ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let mut answers = answers.into_iter().peekable();
    while let Some(answer) = answers.next() {
        let mock = Mock::given(any()).respond_with(answer);
        match answers.peek() {
            Some(_) => mock.up_to_n_times(1).mount(&server).await,
            None => mock.mount(&server).await,
        }
    }
    server
}

/// An account at a service that always gives the same answer, with a request id.
pub async fn account_answering(answer: ResponseTemplate, retry: RetryConfig) -> Result<(QingStor, MockServer)> {
    let server = service_answering([answer.insert_header("x-qs-request-id", REQUEST_ID)]).await;
    let config = Config::new("KEY", "secret").endpoint(server.uri()).retry(retry);
    Ok((QingStor::new(config)?, server))
}
