use super::*;

fn entry() -> Entry {
    let (parts, ()) = http::Request::builder().uri("/b/k").body(()).unwrap().into_parts();
    Entry::new(&parts, "1")
}

fn exchange() -> Exchange {
    Exchange::new(entry(), Some(10), None)
}

fn head(method: Method, status: u16, length: usize) -> ResponseHead {
    ResponseHead::new(&method, StatusCode::from_u16(status).unwrap(), length as u64)
}

fn with_response(body: &'static str) -> Exchange {
    let mut exchange = exchange();
    exchange.set_response(head(Method::GET, 200, body.len()), true);
    exchange
}

fn write(exchanges: &mut Exchanges, text: &str) -> bool {
    exchanges.count_sent(text.as_bytes())
}

#[test]
fn counts_head_and_body_separately() {
    let mut exchanges = Exchanges::default();
    exchanges.begin(with_response("12345"));
    write(&mut exchanges, "HTTP/1.1 200 OK\r\na: b\r");
    write(&mut exchanges, "\n\r");
    assert_eq!(exchanges.exchanges[0].entry.status, None);
    write(&mut exchanges, "\n12");
    assert_eq!((exchanges.exchanges[0].entry.status, exchanges.exchanges[0].entry.bytes_sent), (Some(200), 2));
    write(&mut exchanges, "34");
    assert_eq!(exchanges.exchanges[0].entry.bytes_sent, 4);
    write(&mut exchanges, "5");
    assert!(exchanges.exchanges.is_empty());
}

#[test]
fn interim_response_does_not_end_the_exchange() {
    let mut exchanges = Exchanges::default();
    exchanges.begin(with_response(""));
    write(&mut exchanges, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(exchanges.exchanges[0].entry.status, None);
    write(&mut exchanges, "HTTP/1.1 200 OK\r\n\r\n");
    assert!(exchanges.exchanges.is_empty());
}

#[test]
fn splits_pipelined_responses() {
    let mut exchanges = Exchanges::default();
    exchanges.begin(with_response("12"));
    exchanges.begin(with_response("345"));
    write(&mut exchanges, "HTTP/1.1 200 OK\r\n\r\n12HTTP/1.1 200 OK\r\n\r\n3");
    assert_eq!(exchanges.exchanges.len(), 1);
    assert_eq!(exchanges.exchanges[0].entry.bytes_sent, 1);
}

#[test]
fn response_without_body_ends_with_its_head() {
    for head in [head(Method::HEAD, 200, 5), head(Method::DELETE, 204, 0)] {
        let mut exchange = exchange();
        exchange.set_response(head, true);
        let mut exchanges = Exchanges::default();
        exchanges.begin(exchange);
        write(&mut exchanges, "HTTP/1.1 200 OK\r\n\r\n");
        assert!(exchanges.exchanges.is_empty());
    }
}

#[test]
fn closes_after_the_given_number_of_body_bytes() {
    for (after, sent) in [(0, ""), (3, "123")] {
        let mut exchanges = Exchanges::default();
        exchanges.begin(with_response("12345"));
        exchanges.latest(|exchange| exchange.close_after = Some(after));
        assert!(!write(&mut exchanges, "HTTP/1.1 200 OK\r\n\r"));
        assert!(write(&mut exchanges, &format!("\n{sent}")));
        assert_eq!(exchanges.exchanges[0].entry.bytes_sent, after);
    }
}

#[test]
fn counts_at_most_the_declared_length() {
    let mut exchange = exchange();
    exchange.count_received(7);
    exchange.count_received(7);
    assert_eq!(exchange.entry.bytes_received, 10);
}

#[test]
fn exchange_lasts_until_the_request_body_is_read() {
    let mut exchanges = Exchanges::default();
    let mut refused = exchange();
    refused.set_response(head(Method::PUT, 404, 0), false);
    exchanges.begin(refused);
    write(&mut exchanges, "HTTP/1.1 404 Not Found\r\n\r\n");
    exchanges.latest(|exchange| exchange.count_received(4));
    assert_eq!(exchanges.exchanges[0].entry.bytes_received, 4);
}
