//! Mock servers that send prepared responses to every request.

use qingstor_sdk::{Config, QingStor, Result, RetryConfig};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Request id of the responses of [`account_with_response`].
pub const REQUEST_ID: &str = "0123456789abcdef";

/// Starts a server that sends the responses in order, whatever is requested. The last response is repeated.
pub async fn mock_server(responses: impl IntoIterator<Item = ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let mut responses = responses.into_iter().peekable();
    while let Some(response) = responses.next() {
        let mock = Mock::given(any()).respond_with(response);
        match responses.peek() {
            Some(_) => mock.up_to_n_times(1).mount(&server).await,
            None => mock.mount(&server).await,
        }
    }
    server
}

/// Starts a server that sends `response`, with the request id [`REQUEST_ID`], to every request. Also returns a client
/// of this server.
pub async fn account_with_response(response: ResponseTemplate, retry: RetryConfig) -> Result<(QingStor, MockServer)> {
    let server = mock_server([response.insert_header("x-qs-request-id", REQUEST_ID)]).await;
    let config = Config::new("KEY", "secret").endpoint(server.uri()).retry(retry);
    Ok((QingStor::new(config)?, server))
}
