use http_body_util::{Empty, Full};

use super::*;

fn entry() -> Entry {
    let (parts, ()) = http::Request::builder().uri("/b/k").body(()).unwrap().into_parts();
    Entry::new(&parts, "1")
}

fn exchange() -> Exchange {
    Exchange::new(entry(), Some(10), None)
}

fn answered(body: &'static str) -> Exchange {
    let mut exchange = exchange();
    exchange.answer(&Method::GET, &Response::new(Full::new(body.as_bytes())), true);
    exchange
}

fn write(ledger: &mut Ledger, text: &str) -> bool {
    ledger.wrote(&[IoSlice::new(text.as_bytes())], text.len())
}

#[test]
fn what_is_sent_is_head_first_and_then_body() {
    let mut ledger = Ledger::default();
    ledger.begin(answered("12345"));
    write(&mut ledger, "HTTP/1.1 200 OK\r\na: b\r");
    write(&mut ledger, "\n\r");
    assert_eq!(ledger.exchanges[0].entry.status, None);
    write(&mut ledger, "\n12");
    assert_eq!((ledger.exchanges[0].entry.status, ledger.exchanges[0].entry.bytes_sent), (Some(200), 2));
    write(&mut ledger, "34");
    assert_eq!(ledger.exchanges[0].entry.bytes_sent, 4);
    write(&mut ledger, "5");
    assert!(ledger.exchanges.is_empty());
}

#[test]
fn only_what_was_taken_of_the_pieces_counts() {
    let mut ledger = Ledger::default();
    ledger.begin(answered("12345"));
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    ledger.wrote(&[IoSlice::new(head.as_bytes()), IoSlice::new(b"12345")], head.len() + 3);
    assert_eq!(ledger.exchanges[0].entry.bytes_sent, 3);
}

#[test]
fn being_told_to_go_on_is_no_answer() {
    let mut ledger = Ledger::default();
    ledger.begin(answered(""));
    write(&mut ledger, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(ledger.exchanges[0].entry.status, None);
    write(&mut ledger, "HTTP/1.1 200 OK\r\n\r\n");
    assert!(ledger.exchanges.is_empty());
}

#[test]
fn answers_that_come_together_are_told_apart() {
    let mut ledger = Ledger::default();
    ledger.begin(answered("12"));
    ledger.begin(answered("345"));
    write(&mut ledger, "HTTP/1.1 200 OK\r\n\r\n12HTTP/1.1 200 OK\r\n\r\n3");
    assert_eq!(ledger.exchanges.len(), 1);
    assert_eq!(ledger.exchanges[0].entry.bytes_sent, 1);
}

#[test]
fn an_answer_that_may_have_no_body_is_over_with_its_head() {
    let mut head = exchange();
    head.answer(&Method::HEAD, &Response::new(Full::new(&b"12345"[..])), true);
    let mut gone = exchange();
    let no_content = Response::builder().status(204).body(Empty::<&[u8]>::new()).unwrap();
    gone.answer(&Method::DELETE, &no_content, true);
    for exchange in [head, gone] {
        let mut ledger = Ledger::default();
        ledger.begin(exchange);
        write(&mut ledger, "HTTP/1.1 200 OK\r\n\r\n");
        assert!(ledger.exchanges.is_empty());
    }
}

#[test]
fn an_answer_is_cut_once_enough_was_sent() {
    for (after, sent) in [(0, ""), (3, "123")] {
        let mut ledger = Ledger::default();
        ledger.begin(answered("12345"));
        ledger.last(|exchange| exchange.cut_after(after));
        assert!(!write(&mut ledger, "HTTP/1.1 200 OK\r\n\r"));
        assert!(write(&mut ledger, &format!("\n{sent}")));
        assert_eq!(ledger.exchanges[0].entry.bytes_sent, after);
    }
}

#[test]
fn no_more_is_received_than_was_announced() {
    let mut exchange = exchange();
    exchange.receive(7);
    exchange.receive(7);
    assert_eq!(exchange.entry.bytes_received, 10);
}

#[test]
fn a_request_whose_body_is_still_coming_is_not_over() {
    let mut ledger = Ledger::default();
    let mut refused = exchange();
    refused.answer(&Method::PUT, &Response::new(Full::new(&b""[..])), false);
    ledger.begin(refused);
    write(&mut ledger, "HTTP/1.1 404 Not Found\r\n\r\n");
    ledger.last(|exchange| exchange.receive(4));
    assert_eq!(ledger.exchanges[0].entry.bytes_received, 4);
}
