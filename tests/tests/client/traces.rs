//! Tracing spans and events of calls, at all levels, including those of the crates that the SDK uses.
//!
//! The test checks that traces describe each attempt, escape texts of the server, and never contain a key, a signature
//! or a body.
//!
//! The test runs in a child process. `tracing` caches for each span and event in the code whether a subscriber wants
//! it. If another test of the same process had run without a subscriber, spans and events could be missing.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qingstor_sdk::operations::{ListObjectsInput, PutObjectInput};
use qingstor_sdk::{Config, QingStor, RetryConfig};
use qingstor_tests::{RawServer, is_child_process, run_in_child_process};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Metadata, Subscriber};

const SECRET_ACCESS_KEY: &str = "the-secret-access-key";
const CUSTOMER_KEY: &str = "dGhlIGN1c3RvbWVyJ3MgZW5jcnlwdGlvbiBrZXkuLi4=";

fn put_input() -> PutObjectInput {
    PutObjectInput::new().encryption_customer_algorithm("AES256").encryption_customer_key(CUSTOMER_KEY)
}

/// A subscriber that records all spans and events as text.
#[derive(Clone, Default)]
struct Recorder {
    text: Arc<Mutex<String>>,
    /// Names of all spans. The id of a span is its index plus 1.
    spans: Arc<Mutex<Vec<&'static str>>>,
    /// Names of the spans that are entered, outermost first.
    entered: Arc<Mutex<Vec<&'static str>>>,
}

impl Recorder {
    fn write(&self, line: &str) {
        writeln!(self.text.lock().unwrap(), "{line}").unwrap();
    }

    fn name(&self, id: &Id) -> &'static str {
        self.spans.lock().unwrap()[id.into_u64() as usize - 1]
    }
}

impl Visit for Recorder {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(&format!("{field}={value:?}"));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let name = span.metadata().name();
        self.write(&format!("span {name} in {:?}", self.entered.lock().unwrap()));
        span.record(&mut self.clone());
        let mut spans = self.spans.lock().unwrap();
        spans.push(name);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, id: &Id) {
        self.entered.lock().unwrap().push(self.name(id));
    }

    fn exit(&self, _: &Id) {
        self.entered.lock().unwrap().pop();
    }
}

#[tokio::test]
async fn traces_describe_each_attempt_and_contain_no_secrets() {
    if !is_child_process() {
        run_in_child_process("traces::traces_describe_each_attempt_and_contain_no_secrets", &[], &[]).await.unwrap();
        return;
    }
    let responses = [
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 201 Created\r\nconnection: close\r\ncontent-length: 0\r\nx-qs-request-id: the-request-id\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 28\r\n\r\n{\"code\":\"permission_denied\"}",
        "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{\"message\":\"forged\\n\\u001b[2Jline\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"keys\":[{\"key\":\"bad\\ud800\"},{\"key\":\"a\",\"created\":\"\"}]}",
    ];
    let server = RawServer::start(responses).await.unwrap();
    let recorder = Recorder::default();
    let guard = tracing::subscriber::set_default(recorder.clone());
    let retry = RetryConfig::default().initial_backoff(Duration::from_millis(1));
    let config = Config::new("KEY", SECRET_ACCESS_KEY).endpoint(server.endpoint()).retry(retry);
    let bucket = QingStor::new(config).unwrap().bucket("bucket", None);
    // The span `caller` is created after the call of the method, but before its future is polled.
    let call = bucket.put_object("the key", put_input().body("the content of the body"));
    call.instrument(tracing::info_span!("caller")).await.unwrap();
    bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    bucket.put_object("key", put_input().content_md5("ü")).await.unwrap_err();
    drop(guard);

    let requests = server.requests();
    let signatures = requests.iter().filter_map(|request| request.header("authorization"));
    let text = recorder.text.lock().unwrap().clone();
    for part in ["PutObject", "bucket", "the key", "503", "201", "the-request-id", "permission_denied", "attempts=2"] {
        assert!(text.contains(part), "no {part} in: {text}");
    }
    for part in [
        r"forged\n\u{1b}[2Jline",
        "leaving out entries",
        r#"first=keys[0].key is not UTF-8: "bad\ud800""#,
        "first=keys[1].created",
    ] {
        assert!(text.contains(part), "no {part} in: {text}");
    }
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text}");
    assert!(text.contains("span qingstor in [\"caller\"]"), "{text}");
    assert!(text.contains("span attempt in [\"caller\", \"qingstor\"]"), "{text}");
    for secret in [SECRET_ACCESS_KEY, CUSTOMER_KEY, "QS KEY:", "the content"] {
        assert!(!text.contains(secret), "{secret} in: {text}");
    }
    for signature in signatures {
        let (_, signature) = signature.split_once(':').unwrap();
        assert!(!text.contains(signature), "{text}");
    }
}

/// The test runs in a child process, because it reads the environment.
#[test]
fn ignored_settings_are_logged() {
    const TEST: &str = "traces::ignored_settings_are_logged";
    if !is_child_process() {
        let variables = [
            ("QINGSTOR_ENDPOINT", "http://a.example"),
            ("QINGSTOR_HOST", "b.example"),
            ("QINGSTOR_PORT", "80"),
            ("QINGSTOR_SECRET_KEY", SECRET_ACCESS_KEY),
        ];
        let unset = ["QINGSTOR_ACCESS_KEY_ID", "QINGSTOR_SECRET_ACCESS_KEY", "QINGSTOR_PROTOCOL"];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run_in_child_process(TEST, &variables, &unset)).unwrap();
        return;
    }
    let recorder = Recorder::default();
    tracing::subscriber::with_default(recorder.clone(), Config::from_env).unwrap();
    let text = recorder.text.lock().unwrap();
    for part in [
        "ignored=\"the environment variable QINGSTOR_HOST\"",
        "used=\"the environment variable QINGSTOR_ENDPOINT\"",
        "QINGSTOR_SECRET_KEY is unknown: did you mean QINGSTOR_SECRET_ACCESS_KEY?",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The port is that of the endpoint.
    assert!(!text.contains("QINGSTOR_PORT") && !text.contains(SECRET_ACCESS_KEY), "{text}");
}
