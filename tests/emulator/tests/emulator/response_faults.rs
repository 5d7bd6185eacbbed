//! Faults that change responses, bodies, rates and the clock.

use std::time::{Duration, Instant};

use crate::support::{Client, MIB, data, http_date, md5_base64, md5_hex};
use qingstor_emulator::{Emulator, Fault, FaultPlan, FaultRule, Offset};

async fn start_with_rule(rule: FaultRule) -> (Emulator, Client) {
    start_with_plan(FaultPlan::new().rule(rule)).await
}

async fn start_with_plan(plan: FaultPlan) -> (Emulator, Client) {
    let emulator = Emulator::builder().bucket("b").faults(plan).start().await.unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

#[tokio::test]
async fn error_answer_replaces_execution() {
    let code = Some("fetch_throttled".to_owned());
    let throttled = Fault::ErrorAnswer { status: 429, code, retry_after: Some(3) };
    let (emulator, client) = start_with_rule(FaultRule::new(throttled).count(2)).await;
    let response = client.put("/b/k", "data").await.expect(429);
    assert_eq!(response.header("retry-after"), "3");
    assert_eq!(response.code(), "fetch_throttled");
    assert_eq!(response.json()["request_id"], response.header("x-qs-request-id"));
    let response = client.send("HEAD", "/b/k", &[], "").await.expect(429);
    assert!(response.body.is_empty());
    client.get("/b/k").await.expect(404);
    assert_eq!(emulator.faults_fired(), [2]);
}

#[tokio::test]
async fn error_answer_without_code_has_no_body() {
    let bad_gateway = Fault::ErrorAnswer { status: 502, code: None, retry_after: None };
    let (_emulator, client) = start_with_rule(FaultRule::new(bad_gateway)).await;
    let response = client.get("/b").await.expect(502);
    assert!(response.body.is_empty());
    assert_eq!(response.header("retry-after"), "");
}

#[tokio::test]
async fn request_with_a_wrong_signature_has_no_fault() {
    let unavailable = Fault::ErrorAnswer { status: 503, code: None, retry_after: None };
    let (emulator, client) = start_with_rule(FaultRule::new(unavailable)).await;
    let wrong_client = Client::at(&emulator.endpoint(), emulator.access_key_id(), "wrong");
    wrong_client.get("/b/k").await.expect(401);
    assert_eq!(emulator.faults_fired(), [0]);
    client.get("/b/k").await.expect(503);
}

#[tokio::test]
async fn flips_a_bit_of_the_request_body() {
    let body = data(1, MIB + 7);
    let (emulator, client) = start_with_rule(FaultRule::new(Fault::FlipReceivedBit { at: None }).count(2)).await;
    let response = client.send("PUT", "/b/k", &[("content-md5", &md5_base64(&body))], body.clone()).await.expect(400);
    assert_eq!(response.code(), "bad_digest");
    client.get("/b/k").await.expect(404);
    let response = client.put("/b/k", body.clone()).await.expect(201);
    let stored = client.get("/b/k").await.expect(200).body;
    assert_eq!(response.header("etag"), format!("\"{}\"", md5_hex(&stored)));
    assert_eq!(different_bits(&body, &stored).len(), 1);
    assert_eq!(emulator.faults_fired(), [2]);
    client.send("PUT", "/b/k", &[("content-md5", &md5_base64(&body))], body).await.expect(201);
}

#[tokio::test]
async fn flips_a_bit_of_the_response_body() {
    let body = data(1, MIB + 7);
    let flip = FaultRule::new(Fault::FlipSentBit { at: None }).operation("GetObject").count(1);
    let (_emulator, client) = start_with_rule(flip).await;
    client.put("/b/k", body.clone()).await.expect(201);
    let response = client.get("/b/k").await.expect(200);
    assert_eq!(response.header("etag"), format!("\"{}\"", md5_hex(&body)));
    assert_eq!(different_bits(&body, &response.body).len(), 1);
    assert!(client.get("/b/k").await.body == body);
}

#[tokio::test]
async fn flips_the_chosen_byte() {
    let body = data(1, MIB);
    for (at, byte) in
        [(Offset::Bytes(500_000), 500_000), (Offset::Fraction(0.25), MIB / 4), (Offset::Bytes(u64::MAX), MIB - 1)]
    {
        let received = FaultRule::new(Fault::FlipReceivedBit { at: Some(at) }).key("in");
        let sent = FaultRule::new(Fault::FlipSentBit { at: Some(at) }).key("out").operation("GetObject");
        let (_emulator, client) = start_with_plan(FaultPlan::new().rule(received).rule(sent)).await;
        for path in ["/b/in", "/b/out"] {
            client.put(path, body.clone()).await.expect(201);
            let read = client.get(path).await.expect(200).body;
            let changed: Vec<_> = different_bits(&body, &read).into_iter().map(|(at, _)| at).collect();
            assert_eq!(changed, [byte], "{path}");
        }
    }
}

fn different_bits(one: &[u8], other: &[u8]) -> Vec<(usize, u8)> {
    assert_eq!(one.len(), other.len());
    let different = one.iter().zip(other).enumerate().filter(|(_, (one, other))| one != other);
    let bits: Vec<_> = different.map(|(at, (one, other))| (at, one ^ other)).collect();
    assert!(bits.iter().all(|(_, bits)| bits.count_ones() == 1), "{bits:?}");
    bits
}

#[tokio::test]
async fn wrong_etag_replaces_the_etag() {
    let (_emulator, client) = start_with_rule(FaultRule::new(Fault::WrongEtag).count(1)).await;
    let right = format!("\"{}\"", md5_hex(b"data"));
    let wrong = client.put("/b/k", "data").await.expect(201);
    assert_eq!(wrong.header("etag").len(), right.len());
    assert_ne!(wrong.header("etag"), right);
    assert_eq!(client.get("/b/k").await.expect(200).header("etag"), right);
}

#[tokio::test]
async fn wrong_etag_adds_no_etag() {
    let (_emulator, client) = start_with_rule(FaultRule::new(Fault::WrongEtag)).await;
    assert_eq!(client.get("/b").await.expect(200).header("etag"), "");
}

#[tokio::test]
async fn clock_offset_shifts_dates() {
    let (_emulator, client) = start_with_plan(FaultPlan::new().clock_offset(3600)).await;
    let response = client.get("/b").await.expect(403);
    assert_eq!(response.code(), "request_expired");
    let date = http_date(3600);
    client.send("GET", "/b", &[("date", &date)], "").await.expect(200);
    let sent = jiff::fmt::rfc2822::parse(response.header("date")).unwrap().timestamp().as_second();
    assert!((sent - jiff::Timestamp::now().as_second() - 3600).abs() < 60, "{sent}");
}

/// Checks only minimum durations, because a busy machine may take longer.
#[tokio::test]
async fn slow_bodies_and_latency_take_time() {
    let body = data(1, 200);
    let slow = [
        (Fault::Latency { delay: Duration::from_millis(50) }, "PutObject"),
        (Fault::SlowReceive { bytes_per_second: 4000 }, "PutObject"),
        (Fault::SlowSend { bytes_per_second: 4000 }, "GetObject"),
        (Fault::Bandwidth { bytes_per_second: 4000 }, "PutObject"),
        (Fault::Bandwidth { bytes_per_second: 4000 }, "GetObject"),
    ];
    for (fault, operation) in slow {
        let (emulator, client) = start_with_rule(FaultRule::new(fault.clone()).operation(operation)).await;
        let start = Instant::now();
        client.put("/b/k", body.clone()).await.expect(201);
        assert!(client.get("/b/k").await.expect(200).body == body);
        assert!(start.elapsed() >= Duration::from_millis(45), "{fault:?} {:?}", start.elapsed());
        assert_eq!(emulator.faults_fired(), [1]);
    }
}

#[tokio::test]
async fn concurrent_requests_share_the_bandwidth() {
    let rule = FaultRule::new(Fault::Bandwidth { bytes_per_second: 8000 });
    let (_emulator, client) = start_with_rule(rule).await;
    let start = Instant::now();
    let uploads = (0..4).map(|number| {
        let client = client.clone();
        tokio::spawn(async move { client.put(&format!("/b/{number}"), data(number, 200)).await.status })
    });
    for upload in uploads.collect::<Vec<_>>() {
        assert_eq!(upload.await.unwrap(), 201);
    }
    assert!(start.elapsed() >= Duration::from_millis(75), "{:?}", start.elapsed());
}
