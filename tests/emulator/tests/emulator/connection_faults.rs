//! Faults that end or stall connections. Each takes effect at the exact byte, and the emulator executes the request, or
//! does not, as documented.

use std::io::ErrorKind;
use std::time::Duration;

use crate::support::{Client, MIB, RawConnection, data};
use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};
use tokio::net::{TcpListener, TcpStream};

async fn start_with_fault(fault: Fault) -> (Emulator, Client) {
    start_with_rule(FaultRule::new(fault).key("k").count(1)).await
}

async fn start_with_rule(rule: FaultRule) -> (Emulator, Client) {
    let plan = FaultPlan::new().rule(rule);
    let emulator = Emulator::builder().bucket("b").faults(plan).start().await.unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

#[tokio::test]
async fn close_on_accept_closes_without_a_response() {
    let (emulator, client) = start_with_rule(FaultRule::new(Fault::CloseOnAccept).count(2)).await;
    for _ in 0..2 {
        assert_eq!(RawConnection::connect(&emulator).await.read_to_end().await.unwrap(), b"");
    }
    client.put("/b/k", "data").await.expect(201);
    assert_eq!(emulator.faults_fired(), [2]);
}

#[tokio::test]
async fn stop_listening_refuses_connections() {
    let (emulator, client) = start_with_fault(Fault::WrongEtag).await;
    let mut before = RawConnection::connect(&emulator).await;
    before.write_request(&client, "GET", "/b/k", b"").await;
    before.read_response("GET").await.expect(404);
    emulator.stop_listening().await;
    emulator.stop_listening().await;
    let refused = tokio::net::TcpStream::connect(("127.0.0.1", emulator.port())).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    before.write_request(&client, "PUT", "/b/k", b"data").await;
    before.read_response("PUT").await.expect(201);
    emulator.listen_again().await.unwrap();
    emulator.listen_again().await.unwrap();
    assert_eq!(client.get("/b/k").await.expect(200).body, b"data");
}

#[tokio::test]
async fn reset_before_answer_does_not_execute_the_request() {
    let (emulator, client) = start_with_fault(Fault::ResetBeforeAnswer).await;
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_request(&client, "PUT", "/b/k", &data(1, MIB)).await;
    assert_eq!(raw.read_to_end().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    client.get("/b/k").await.expect(404);
    assert_eq!(emulator.faults_fired(), [1]);
}

#[tokio::test]
async fn lose_answer_executes_the_request() {
    let (emulator, client) = start_with_fault(Fault::LoseAnswer).await;
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_request(&client, "PUT", "/b/k", b"data").await;
    assert_eq!(raw.read_to_end().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(client.get("/b/k").await.expect(200).body, b"data");
}

#[tokio::test]
async fn reset_in_body_resets_before_the_end_of_the_body() {
    for after in [Offset::Bytes(1000), Offset::Fraction(0.1), Offset::Bytes(0)] {
        let (emulator, client) = start_with_fault(Fault::ResetInBody { after }).await;
        let mut headers = client.sign("PUT", "/b/k", None, &[("content-length", "10000")]);
        headers.insert("host", "localhost".parse().unwrap());
        let mut raw = RawConnection::connect(&emulator).await;
        raw.write_head("PUT", "/b/k", &headers).await;
        raw.write([0; 1000]).await;
        assert_eq!(raw.read_to_end().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        client.get("/b/k").await.expect(404);
    }
}

#[tokio::test]
async fn body_that_ends_before_the_reset_is_stored() {
    let (emulator, client) = start_with_fault(Fault::ResetInBody { after: Offset::Bytes(5) }).await;
    client.put("/b/k", "data").await.expect(201);
    assert_eq!(emulator.faults_fired(), [1]);
    let (_emulator, client) = start_with_fault(Fault::ResetInBody { after: Offset::Fraction(1.0) }).await;
    client.try_send("PUT", "/b/k", &[], "data").await.err().unwrap();
    client.get("/b/k").await.expect(404);
}

#[tokio::test]
async fn cut_answer_sends_the_exact_number_of_bytes() {
    let body = data(1, 3 * MIB);
    for (after, sent) in [
        (Offset::Bytes(0), 0),
        (Offset::Bytes(1), 1),
        (Offset::Bytes(2_000_003), 2_000_003),
        (Offset::Fraction(0.5), 3 * MIB / 2),
    ] {
        let cut = FaultRule::new(Fault::CutAnswer { after }).operation("GetObject");
        let (emulator, client) = start_with_rule(cut).await;
        client.put("/b/k", body.clone()).await.expect(201);
        let mut raw = RawConnection::connect(&emulator).await;
        raw.write_request(&client, "GET", "/b/k", b"").await;
        let response = raw.read_to_end().await.unwrap();
        let head = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let announced = format!("content-length: {}\r\n", body.len());
        assert!(String::from_utf8(response[..head].to_vec()).unwrap().contains(&announced));
        assert!(response[head..] == body[..sent], "{} instead of {sent}", response.len() - head);
    }
}

#[tokio::test]
async fn short_response_is_not_cut() {
    let cut = FaultRule::new(Fault::CutAnswer { after: Offset::Bytes(4) }).key("k");
    let (emulator, client) = start_with_rule(cut).await;
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_request(&client, "PUT", "/b/k", b"data").await;
    raw.read_response("PUT").await.expect(201);
    raw.write_request(&client, "GET", "/b/k", b"").await;
    assert_eq!(raw.read_response("GET").await.expect(200).body, b"data");
    assert_eq!(emulator.faults_fired(), [2]);
}

#[tokio::test]
async fn plan_with_stall_in_body_limits_kernel_buffers() {
    let (emulator, client) = start_with_fault(Fault::StallInBody { after: Offset::Bytes(0), lasts: None }).await;
    let length = (64 * MIB).to_string();
    let mut headers = client.sign("PUT", "/b/k", None, &[("content-length", &length)]);
    headers.insert("host", "localhost".parse().unwrap());
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_head("PUT", "/b/k", &headers).await;
    let written = raw.write_until_full();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut other = RawConnection::from(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
    let written_without_limit = other.write_until_full();
    assert!(written < written_without_limit, "{written}, {written_without_limit} without a limit");
    emulator.stop().await;
    assert!(raw.read_to_end().await.map_or(true, |rest| rest.is_empty()));
}

#[tokio::test]
async fn stalls_end_after_their_duration() {
    let lasts = Some(Duration::from_millis(20));
    let after = Offset::Bytes(2);
    let body = data(1, MIB);
    for fault in
        [Fault::StallInBody { after, lasts }, Fault::StallBeforeAnswer { lasts }, Fault::StallInAnswer { after, lasts }]
    {
        let (emulator, client) = start_with_rule(FaultRule::new(fault)).await;
        let start = std::time::Instant::now();
        client.put("/b/k", body.clone()).await.expect(201);
        assert!(client.get("/b/k").await.expect(200).body == body);
        // On a busy machine, a stall may take longer.
        assert!(start.elapsed() >= Duration::from_millis(20));
        let fired = emulator.faults_fired()[0];
        assert!(fired >= 1);
    }
}

#[tokio::test]
async fn stall_before_answer_executes_the_request() {
    let (emulator, client) = start_with_fault(Fault::StallBeforeAnswer { lasts: None }).await;
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_request(&client, "PUT", "/b/k", b"data").await;
    while client.get("/b/k").await.status != 200 {}
    emulator.stop().await;
    assert!(raw.read_to_end().await.map_or(true, |rest| rest.is_empty()));
}

#[tokio::test]
async fn stall_in_answer_sends_the_bytes_before_it() {
    let stall = FaultRule::new(Fault::StallInAnswer { after: Offset::Bytes(3), lasts: None });
    let (emulator, client) = start_with_rule(stall.operation("GetObject")).await;
    client.put("/b/k", "data").await.expect(201);
    let mut raw = RawConnection::connect(&emulator).await;
    raw.write_request(&client, "GET", "/b/k", b"").await;
    let response = raw.read_until(b"\r\n\r\ndat").await;
    assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n"));
    emulator.stop().await;
    assert!(raw.read_to_end().await.map_or(true, |rest| rest.is_empty()));
}
