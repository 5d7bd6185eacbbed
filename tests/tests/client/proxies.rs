//! Proxies, which the configuration or environment variables set.

use std::env;

use qingstor_emulator::{CertificateAuthority, TlsFront};
use qingstor_sdk::operations::HeadBucketInput;
use qingstor_sdk::{Config, Error, ErrorKind, QingStor};
use qingstor_tests::{ConnectProxy, RawRequest, RawServer, TestBucket, is_child_process, run_in_child_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::quick_retries;

/// A proxy on a port on which no server listens.
const UNREACHABLE: &str = "http://127.0.0.1:1";

/// An emulator behind TLS.
struct HttpsServer {
    test: TestBucket,
    front: TlsFront,
    authority: CertificateAuthority,
}

impl HttpsServer {
    async fn start() -> Self {
        let test = TestBucket::start().await.unwrap();
        let authority = CertificateAuthority::new("tests").unwrap();
        let certificate = authority.certificate(&["127.0.0.1"]).unwrap();
        let front = TlsFront::start("127.0.0.1:0", test.emulator().port(), &certificate).await.unwrap();
        Self { test, front, authority }
    }

    fn config(&self) -> Config {
        let config = self.test.config().endpoint(self.front.endpoint()).retry(quick_retries());
        config.root_certificate(self.authority.pem())
    }
}

async fn send(config: Config) -> Result<(), Error> {
    QingStor::new(config)?.bucket("bucket", None).head_bucket(HeadBucketInput::new()).await.map(|_| ())
}

#[tokio::test]
async fn requests_to_localhost_bypass_the_proxy_of_the_environment() {
    if is_child_process() {
        TestBucket::start().await.unwrap().head_bucket(HeadBucketInput::new()).await.unwrap();
        return;
    }
    let proxy_variables = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, UNREACHABLE));
    let test = "proxies::requests_to_localhost_bypass_the_proxy_of_the_environment";
    run_in_child_process(test, &proxy_variables, &["no_proxy", "NO_PROXY"]).await.unwrap();
}

#[tokio::test]
async fn connections_to_a_loopback_endpoint_go_through_the_configured_proxy() {
    let server = HttpsServer::start().await;
    let proxy = ConnectProxy::start(server.front.port(), |_| 200).await.unwrap();
    send(server.config().proxy(proxy.url())).await.unwrap();
    let requests = proxy.requests();
    assert_eq!((requests.len(), &*requests[0].method), (1, "CONNECT"));
    assert_eq!(requests[0].target, format!("127.0.0.1:{}", server.front.port()));
    assert_eq!(requests[0].header("proxy-authorization"), None);
}

#[tokio::test]
async fn proxy_receives_user_and_password() {
    let server = HttpsServer::start().await;
    // "user:p@ss"
    let answer = |request: &RawRequest| match request.header("proxy-authorization") {
        Some("Basic dXNlcjpwQHNz") => 200,
        _ => 407,
    };
    let proxy = ConnectProxy::start(server.front.port(), answer).await.unwrap();
    send(server.config().proxy(proxy.url_with_password("user", "p%40ss"))).await.unwrap();
    assert_eq!(proxy.requests().len(), 1);
}

#[tokio::test]
async fn proxy_that_asks_for_authentication_is_asked_once() {
    let server = HttpsServer::start().await;
    let proxy = ConnectProxy::start(server.front.port(), |_| 407).await.unwrap();
    let error = send(server.config().proxy(proxy.url_with_password("user", "hunter2"))).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains(&format!("the proxy {} asks for authentication", proxy.url())), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!((error.kind(), proxy.requests().len()), (ErrorKind::Connect, 1), "{text}");
}

#[tokio::test]
async fn proxy_that_refuses_connect_is_named() {
    let server = HttpsServer::start().await;
    let answers: [fn(&RawRequest) -> u16; 2] = [|_| 403, |_| 502];
    for answer in answers {
        let proxy = ConnectProxy::start(server.front.port(), answer).await.unwrap();
        let error = send(server.config().proxy(proxy.url())).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("the proxy {} refused CONNECT", proxy.url())), "{text}");
        assert!(text.contains(&server.front.endpoint()), "{text}");
        // The proxy may have reached no server at this moment.
        assert_eq!((error.kind(), proxy.requests().len()), (ErrorKind::Connect, 3), "{text}");
    }
}

#[tokio::test]
async fn unreachable_proxy_is_named() {
    let server = HttpsServer::start().await;
    for endpoint in [server.front.endpoint(), "http://store.example:80".to_owned()] {
        let error = send(server.config().endpoint(&endpoint).proxy(UNREACHABLE)).await.unwrap_err();
        let expected = format!("no connection to {endpoint} through the proxy {UNREACHABLE}");
        assert!(error.to_string().contains(&expected), "{error}");
        assert_eq!(error.kind(), ErrorKind::Connect);
    }
}

#[tokio::test]
async fn http_requests_are_sent_to_the_proxy_with_the_whole_url() {
    let success = "HTTP/1.1 200 OK\r\nx-qs-request-id: id\r\n\r\n";
    let proxy = RawServer::start([success, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"]).await.unwrap();
    let url = proxy.endpoint().replace("http://", "http://user:hunter2@");
    let config = Config::anonymous().endpoint("http://store.example").proxy(url).retry(quick_retries());
    send(config.clone()).await.unwrap();
    let request = proxy.requests().remove(0);
    assert_eq!(request.target, "http://store.example/bucket");
    assert_eq!(request.header("proxy-authorization"), Some("Basic dXNlcjpodW50ZXIy"));

    let error = send(config).await.unwrap_err();
    assert!(error.to_string().contains("the proxy asks for authentication"), "{error}");
    assert_eq!(proxy.requests().len(), 2);
}

#[tokio::test]
async fn hosts_without_proxy_are_reached_directly() {
    let server = HttpsServer::start().await;
    for hosts in ["127.0.0.1", "example.com, 127.0.0.0/8", "*"] {
        send(server.config().proxy(UNREACHABLE).no_proxy(hosts)).await.unwrap();
    }
    let error = send(server.config().proxy(UNREACHABLE).no_proxy("example.com")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn connections_go_through_a_socks5_proxy() {
    let server = HttpsServer::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server_port = server.front.port();
    let proxy = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let (mut greeting, mut request) = ([0; 3], [0; 10]);
        client.read_exact(&mut greeting).await.unwrap();
        client.write_all(&[5, 0]).await.unwrap();
        client.read_exact(&mut request).await.unwrap();
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", server_port)).await.unwrap();
        // The client closes the connection when it has the response.
        let _ = copy_bidirectional(&mut client, &mut server).await;
        (greeting, request)
    });
    send(server.config().proxy(format!("socks5://127.0.0.1:{port}"))).await.unwrap();
    let [high, low] = server_port.to_be_bytes();
    let (greeting, request) = proxy.await.unwrap();
    assert_eq!((greeting, request), ([5, 1, 0], [5, 1, 0, 1, 127, 0, 0, 1, high, low]));
}

#[test]
fn unusable_proxy_is_a_configuration_error_without_the_password() {
    for url in [
        "ftp://user:hunter2@proxy",
        "http://user:hunter2@",
        "http://",
        "http://user:hunter2@proxy:port",
        "http://user:1/hunter2@proxy",
        "http://user:1?hunter2@proxy",
        "http://user:1#hunter2@proxy",
        "a b",
    ] {
        let error = QingStor::new(Config::anonymous().proxy(url)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains("the URL of Config::proxy is not usable"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn proxy_is_read_from_the_environment() {
    const ALL: [&str; 9] = [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
        "REQUEST_METHOD",
    ];
    let config = || Config::anonymous().endpoint("http://store.example").retry(quick_retries());
    if is_child_process() {
        send(config()).await.unwrap();
        let error = send(config().no_proxy("*").endpoint("http://host.invalid")).await.unwrap_err().to_string();
        assert!(!error.contains("proxy"), "{error}");
        return;
    }
    let proxy = RawServer::start(["HTTP/1.1 200 OK\r\nx-qs-request-id: id\r\n\r\n"]).await.unwrap();
    let test = "proxies::proxy_is_read_from_the_environment";
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        run_in_child_process(test, &[(name, proxy.endpoint())], &ALL).await.unwrap();
    }
    let [request, ..] = &proxy.requests()[..] else { panic!("no request") };
    assert_eq!(request.target, "http://store.example/bucket");
    assert_eq!(proxy.requests().len(), 4);
}

#[tokio::test]
async fn unusable_proxy_in_the_environment_is_a_configuration_error() {
    if is_child_process() {
        let error = QingStor::new(Config::anonymous().endpoint("http://store.example")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let text = error.to_string();
        assert!(text.starts_with("ALL_PROXY is not usable"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(env::var("ALL_PROXY").unwrap().contains("hunter2"));
        QingStor::new(Config::anonymous().endpoint("http://127.0.0.1:9")).unwrap();
        return;
    }
    let test = "proxies::unusable_proxy_in_the_environment_is_a_configuration_error";
    let variables = [("ALL_PROXY", "gopher://user:hunter2@proxy")];
    run_in_child_process(test, &variables, &["HTTP_PROXY", "http_proxy", "REQUEST_METHOD"]).await.unwrap();
}
