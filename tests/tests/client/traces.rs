//! Spans and events of a call, at every level and of every crate beneath. They never contain a key, a signature or a body.
//!
//! The test runs in a process of its own: a subscriber of one thread can miss events that another thread meets first.

#![allow(clippy::unwrap_used)]

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

fn put() -> PutObjectInput {
    PutObjectInput::new().encryption_customer_algorithm("AES256").encryption_customer_key(CUSTOMER_KEY)
}

/// Writes down all that is traced, at every level and by every crate.
#[derive(Clone, Default)]
struct Everything {
    text: Arc<Mutex<String>>,
    /// The names of all spans; an id counts them from 1.
    spans: Arc<Mutex<Vec<&'static str>>>,
    entered: Arc<Mutex<Vec<&'static str>>>,
}

impl Everything {
    fn write(&self, line: &str) {
        writeln!(self.text.lock().unwrap(), "{line}").unwrap();
    }

    fn name(&self, id: &Id) -> &'static str {
        self.spans.lock().unwrap()[id.into_u64() as usize - 1]
    }
}

impl Visit for Everything {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(&format!("{field}={value:?}"));
    }
}

impl Subscriber for Everything {
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
    let answers = [
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 201 Created\r\nconnection: close\r\ncontent-length: 0\r\nx-qs-request-id: the-request-id\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 28\r\n\r\n{\"code\":\"permission_denied\"}",
    ];
    let server = RawServer::start(answers).await.unwrap();
    let everything = Everything::default();
    let guard = tracing::subscriber::set_default(everything.clone());
    let retry = RetryConfig::default().initial_backoff(Duration::from_millis(1));
    let config = Config::new("KEY", SECRET_ACCESS_KEY).endpoint(server.endpoint()).retry(retry);
    let bucket = QingStor::new(config).unwrap().bucket("bucket", None);
    // A span that is made for a call after the call.
    let call = bucket.put_object("the key", put().body("the content of the body"));
    call.instrument(tracing::info_span!("of_the_caller")).await.unwrap();
    bucket.list_objects(ListObjectsInput::new()).await.unwrap_err();
    bucket.put_object("key", put().content_md5("ü")).await.unwrap_err();
    drop(guard);

    let requests = server.requests();
    let signatures = requests.iter().filter_map(|request| request.header("authorization"));
    let text = everything.text.lock().unwrap().clone();
    for part in ["PutObject", "bucket", "the key", "503", "201", "the-request-id", "permission_denied", "attempts=2"] {
        assert!(text.contains(part), "no {part} in: {text}");
    }
    assert!(text.contains("span qingstor in [\"of_the_caller\"]"), "{text}");
    assert!(text.contains("span attempt in [\"of_the_caller\", \"qingstor\"]"), "{text}");
    for secret in [SECRET_ACCESS_KEY, CUSTOMER_KEY, "QS KEY:", "the content"] {
        assert!(!text.contains(secret), "{secret} in: {text}");
    }
    for signature in signatures {
        let (_, signature) = signature.split_once(':').unwrap();
        assert!(!text.contains(signature), "{text}");
    }
}
