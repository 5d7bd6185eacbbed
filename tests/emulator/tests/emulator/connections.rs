//! HTTP connections: chunked bodies, `100 Continue`, responses before the end of a body, and shutdown.

use crate::support::{Client, MIB, RawConnection, start};
use http::HeaderMap;
use qingstor_emulator::Emulator;

fn signed(client: &Client, method: &str, target: &str, headers: &[(&str, &str)]) -> HeaderMap {
    let mut headers = client.sign(method, target, None, headers);
    headers.insert("host", "localhost".parse().unwrap());
    headers
}

#[tokio::test]
async fn sends_100_continue() {
    let (emulator, client) = start().await;
    let expect = [("expect", "100-continue"), ("content-length", "4")];
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_head("PUT", "/b/k", &signed(&client, "PUT", "/b/k", &expect)).await;
    raw.read_response("PUT").await.expect(100);
    raw.write("data").await;
    raw.read_response("PUT").await.expect(201);

    raw.write_head("PUT", "/none/k", &signed(&client, "PUT", "/none/k", &expect)).await;
    let response = raw.read_response("PUT").await.expect(404);
    assert_eq!(response.code(), "bucket_not_exists");
}

#[tokio::test]
async fn accepts_chunked_bodies() {
    let (emulator, client) = start().await;
    let chunked = [("transfer-encoding", "chunked")];
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_head("PUT", "/b/k", &signed(&client, "PUT", "/b/k", &chunked)).await;
    raw.write("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").await;
    let response = raw.read_response("PUT").await.expect(201);
    assert_eq!(response.header("connection"), "");
    assert_eq!(client.get("/b/k").await.body, b"abcde");

    raw.write_head("PUT", "/b/k", &signed(&client, "PUT", "/b/k", &chunked)).await;
    raw.write("0\r\n\r\n").await;
    raw.read_response("PUT").await.expect(201);
    raw.write_head("GET", "/b/k", &signed(&client, "GET", "/b/k", &[])).await;
    assert!(raw.read_response("GET").await.expect(200).body.is_empty());
}

#[tokio::test]
async fn chunked_bodies_can_be_refused() {
    let emulator = Emulator::builder().bucket("b").refuse_chunked(true).start().await.unwrap();
    let client = Client::new(&emulator);
    let mut raw = RawConnection::connect(&emulator).await;
    let chunked = [("transfer-encoding", "chunked")];
    raw.write_head("PUT", "/b/k", &signed(&client, "PUT", "/b/k", &chunked)).await;
    raw.write("3\r\nabc\r\n0\r\n\r\n").await;
    let response = raw.read_response("PUT").await.expect(411);
    assert_eq!(response.code(), "invalid_argument");
    client.get("/b/k").await.expect(404);
    client.put("/b/k", "abc").await.expect(201);
}

#[tokio::test]
async fn incomplete_body_is_not_stored() {
    let (emulator, client) = start().await;
    let length = [("content-length", "10")];
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_head("PUT", "/b/k", &signed(&client, "PUT", "/b/k", &length)).await;
    raw.write("12345").await;
    raw.finish_writing().await;
    let response = raw.read_response("PUT").await.expect(400);
    assert_eq!(response.code(), "incomplete_body");
    client.get("/b/k").await.expect(404);
}

#[tokio::test]
async fn client_receives_the_error_for_a_refused_large_body() {
    let (emulator, client) = start().await;
    // The largest parts of the official clients have this size.
    let body = vec![0; 128 * MIB];
    let length = [("content-length", &*body.len().to_string())];
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_head("PUT", "/none/k", &signed(&client, "PUT", "/none/k", &length)).await;
    raw.write(&body).await;
    let response = raw.read_response("PUT").await.expect(404);
    assert_eq!(response.code(), "bucket_not_exists");
    assert_eq!(response.header("connection"), "close");
}

#[tokio::test]
async fn too_large_body_is_refused_before_it_is_sent() {
    let (emulator, client) = start().await;
    let length = [("content-length", "5368709121")];
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_head("PUT", "/b/k", &signed(&client, "PUT", "/b/k", &length)).await;
    let response = raw.read_response("PUT").await.expect(400);
    assert_eq!(response.code(), "entity_too_large");
}

#[tokio::test]
async fn connection_can_be_used_after_errors_with_small_bodies() {
    let (emulator, client) = start().await;
    let mut raw = RawConnection::connect(&emulator).await;
    let length = [("content-length", "4")];
    for target in ["/none/k", "/b/k?part_number=1", "/none/k"] {
        raw.write_head("PUT", target, &signed(&client, "PUT", target, &length)).await;
        raw.write("data").await;
        assert!(raw.read_response("PUT").await.status.is_client_error());
    }
    raw.write_head("HEAD", "/b/none", &signed(&client, "HEAD", "/b/none", &[])).await;
    let response = raw.read_response("HEAD").await.expect(404);
    assert_eq!(response.header("content-length"), "0");
    raw.write_head("GET", "/b", &signed(&client, "GET", "/b", &[])).await;
    raw.read_response("GET").await.expect(200);
}

#[tokio::test]
async fn stop_closes_the_port() {
    let (emulator, client) = start().await;
    client.put("/b/k", "data").await.expect(201);
    let port = emulator.port();
    emulator.stop().await;
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn drop_releases_the_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let builder = Emulator::builder().bucket("b").data_dir(directory.path());
    let emulator = builder.clone().start().await.unwrap();
    let client = Client::new(&emulator);
    client.put("/b/k", "data").await.expect(201);
    drop(emulator);
    let emulator = builder.start().await.unwrap();
    assert_eq!(Client::new(&emulator).get("/b/k").await.expect(200).body, b"data");
}
