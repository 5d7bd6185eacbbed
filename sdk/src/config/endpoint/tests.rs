use AddressingStyle::{CustomDomain, Path, VirtualHost};

use super::*;

fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

fn error(text: &str) -> String {
    text.parse::<Endpoint>().unwrap_err().to_string()
}

/// Returns the authority, the path, and the bucket in the host or "".
fn target(text: &str, zone: &str, bucket: &str, key: &str, style: AddressingStyle) -> (String, String, String) {
    let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
    let target = endpoint(text).target(given(zone), given(bucket), given(key), style).unwrap();
    (target.authority, target.path, target.virtual_host_bucket.unwrap_or_default())
}

fn expect(authority: &str, path: &str, bucket: &str) -> (String, String, String) {
    (authority.to_owned(), path.to_owned(), bucket.to_owned())
}

#[test]
fn parses_and_formats_endpoints() {
    for (text, written) in [
        ("https://qingstor.com", "https://qingstor.com"),
        ("https://qingstor.com/", "https://qingstor.com"),
        ("HTTPS://QingStor.COM:443", "https://qingstor.com"),
        ("https://qingstor.com:80", "https://qingstor.com:80"),
        ("http://qingstor.com:80", "http://qingstor.com"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        ("http://[0:0::1]", "http://[::1]"),
        ("http://my_store.internal:65535", "http://my_store.internal:65535"),
    ] {
        assert_eq!(endpoint(text).to_string(), written, "{text}");
        assert_eq!(endpoint(written), endpoint(text));
    }
}

#[test]
fn rejects_invalid_endpoints() {
    for (text, reason) in [
        ("", "has no scheme"),
        ("qingstor.com", "has no scheme"),
        ("localhost:9000", "has no scheme"),
        ("ftp://qingstor.com", "scheme other than https and http"),
        ("https://qingstor.com/path", "has a path"),
        ("https://qingstor.com//", "has a path"),
        ("https://qingstor.com?a", "has a query"),
        ("https://qingstor.com/#a", "fragment"),
        ("https://qingstor.com:", "port from 1 to 65535"),
        ("https://qingstor.com:0", "port from 1 to 65535"),
        ("https://qingstor.com:65536", "port from 1 to 65535"),
        ("https://qingstor.com:+80", "port from 1 to 65535"),
        ("https://", "host is empty"),
        ("https://:80", "host is empty"),
        ("https://::1", "neither a host name"),
        ("https://[::1", "\"[::1\" is not an IPv6 address"),
        ("https://[localhost]", "IPv6"),
        ("https://[::1%25eth0]", "IPv6"),
        ("https://127.1", "looks like an IPv4 address"),
        ("https://10.0.0.256", "looks like an IPv4 address"),
        ("https://10.0.0.0x1f", "looks like an IPv4 address"),
        ("https://qingstor.com.", "neither a host name"),
        ("https://qing stor.com", "neither a host name"),
        (" https://qingstor.com", "scheme other than"),
        ("https://qingstor.com ", "neither a host name"),
        ("https://-a.com", "neither a host name"),
        ("https://存储.com", "xn--"),
        ("https://a%2e.com", "neither a host name"),
    ] {
        let error = error(text);
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn errors_contain_no_password() {
    for text in ["https://me:hunter2@qingstor.com", "me:hunter2@qingstor.com"] {
        let error = error(text);
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("contains an '@'"), "{error}");
    }
}

#[test]
fn path_style_puts_the_bucket_into_the_path() {
    let base = "https://qingstor.com";
    let host = "pek3b.qingstor.com";
    assert_eq!(target(base, "pek3b", "", "", Path), expect(host, "/", ""));
    assert_eq!(target(base, "", "", "", Path), expect("qingstor.com", "/", ""));
    assert_eq!(target(base, "PEK3B", "bucket", "", Path), expect(host, "/bucket", ""));
    assert_eq!(target(base, "pek3b", "bucket", "/a b//=中", Path), expect(host, "/bucket//a%20b//%3D%E4%B8%AD", ""));
}

#[test]
fn virtual_host_style_puts_the_bucket_into_the_host() {
    let base = "https://qingstor.com:8443";
    assert_eq!(target(base, "pek3b", "", "", VirtualHost), expect("pek3b.qingstor.com:8443", "/", ""));
    assert_eq!(
        target(base, "Pek3B", "bucket", "", VirtualHost),
        expect("bucket.pek3b.qingstor.com:8443", "/", "bucket")
    );
    assert_eq!(target(base, "", "bucket", "a/b", VirtualHost), expect("bucket.qingstor.com:8443", "/a/b", "bucket"));
    let target = endpoint(base).target(None, Some("bucket"), None, VirtualHost).unwrap();
    assert_eq!(target.virtual_host_bucket.as_deref(), Some("bucket"));
    let target = endpoint(base).target(None, Some("bucket"), None, Path).unwrap();
    assert_eq!(target.virtual_host_bucket, None);
    assert_eq!(target.scheme, "https");
}

#[test]
fn ip_addresses_get_no_labels() {
    assert_eq!(
        target("http://127.0.0.1:9000", "pek3b", "bucket", "key", Path),
        expect("127.0.0.1:9000", "/bucket/key", "")
    );
    assert_eq!(target("http://[::1]", "pek3b", "bucket", "", Path), expect("[::1]", "/bucket", ""));
    for bucket in [Some("bucket"), None] {
        let error = endpoint("http://127.0.0.1:9000").target(None, bucket, None, VirtualHost).unwrap_err().to_string();
        assert!(error.contains("http://127.0.0.1:9000 is an IP address"), "{error}");
    }
}

#[test]
fn localhost_gets_no_zone_in_path_style() {
    for base in ["localhost", "qs.localhost"] {
        let url = format!("http://{base}:9000");
        assert_eq!(target(&url, "pek3b", "bucket", "", Path), expect(&format!("{base}:9000"), "/bucket", ""));
        assert_eq!(
            target(&url, "pek3b", "bucket", "", VirtualHost),
            expect(&format!("bucket.pek3b.{base}:9000"), "/", "bucket")
        );
    }
    assert_eq!(target("http://notlocalhost", "pek3b", "", "", Path).0, "pek3b.notlocalhost");
}

#[test]
fn rejects_bucket_and_zone_names_that_cannot_be_sent() {
    let endpoint = endpoint("https://qingstor.com");
    let error = |zone, bucket: Option<&str>, key, style| {
        endpoint.target(Some(zone), bucket, key, style).unwrap_err().to_string()
    };
    for bucket in ["", ".", "..", "a/b", "a b", "存储", "a%2fb", "a?b", "a:b"] {
        let error = error("pek3b", Some(bucket), None, Path);
        assert!(error.contains(&format!("bucket name {bucket:?}")), "{error}");
    }
    for bucket in ["", "Upper", "a.b", "a_b", "-a", "a-"] {
        let error = error("pek3b", Some(bucket), None, VirtualHost);
        assert!(error.contains("label of a host name"), "{error}");
    }
    assert!(error("", Some(&"a".repeat(64)), None, VirtualHost).contains("63"));
    for zone in ["a.b", "a/b", "a b", "-", "é", "pek3b:80", "x@y"] {
        let error = error(zone, Some("bucket"), None, Path);
        assert!(error.contains(&format!("zone {zone:?}")), "{error}");
    }
    assert!(error("pek3b", Some("b"), Some("../x"), Path).contains("another key"));
    assert!(error("pek3b", Some("b"), Some(""), Path).contains("empty"));
    assert!(error("pek3b", None, Some("k"), Path).contains("bucket"));
    // Emulators allow short names.
    assert_eq!(target("http://127.0.0.1", "", "B_1.x", "k", Path).1, "/B_1.x/k");
    assert_eq!(target("http://localhost", "", "b", "k", VirtualHost).0, "b.localhost");
}

#[test]
fn a_zone_that_the_endpoint_contains_is_not_repeated() {
    for style in [Path, VirtualHost] {
        let host = |base, zone| target(base, zone, "", "", style).0;
        assert_eq!(host("https://pek3b.qingstor.com", "pek3b"), "pek3b.qingstor.com");
        assert_eq!(host("https://PEK3B.qingstor.com", "Pek3b"), "pek3b.qingstor.com");
        assert_eq!(host("https://pek3b2.example", "pek3b"), "pek3b.pek3b2.example");
        assert_eq!(host("https://s3.pek3b.example", "pek3b"), "pek3b.s3.pek3b.example");
    }
    let with_bucket = target("https://pek3b.qingstor.com", "pek3b", "bucket", "", VirtualHost);
    assert_eq!(with_bucket, expect("bucket.pek3b.qingstor.com", "/", "bucket"));
}

#[test]
fn custom_domain_puts_the_bucket_neither_into_the_host_nor_into_the_path() {
    let base = "https://files.example.com:8443";
    let host = "files.example.com:8443";
    assert_eq!(target(base, "pek3b", "bucket", "a b", CustomDomain), expect(host, "/a%20b", "bucket"));
    assert_eq!(target(base, "", "bucket", "", CustomDomain), expect(host, "/", "bucket"));

    let error = endpoint(base).target(None, None, None, CustomDomain).unwrap_err().to_string();
    assert!(error.contains("custom domain of a bucket") && error.contains("account"), "{error}");
    for other in ["https://qingstor.com", "http://127.0.0.1:9000", "http://[::1]"] {
        let error = endpoint(other).check_style(CustomDomain).unwrap_err().to_string();
        assert!(error.contains(other) && error.contains("set the endpoint to the domain"), "{error}");
    }
    assert!(endpoint("https://bucket.pek3b.qingstor.com").check_style(CustomDomain).is_ok());
}

#[test]
fn parts_replace_those_of_an_endpoint() {
    let base = || endpoint("https://qingstor.com");
    let host = |host: &str| base().with_host(host).map(|endpoint| endpoint.to_string());
    assert_eq!(host("::1").unwrap(), "https://[::1]");
    assert_eq!(host("[::1]").unwrap(), "https://[::1]");
    assert_eq!(host("127.0.0.1").unwrap(), "https://127.0.0.1");
    assert!(host("qingstor.com:80").is_err());
    assert!(host("http://qingstor.com").is_err());
    let error = host("me:hunter2@qingstor.com").unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");

    assert_eq!(base().with_port(443), base());
    assert_eq!(base().with_port(80).to_string(), "https://qingstor.com:80");
    assert_eq!(base().with_port(80).with_protocol("HTTP").unwrap().to_string(), "http://qingstor.com");
    assert_eq!(base().with_port(443).with_protocol("http").unwrap().to_string(), "http://qingstor.com");
    assert!(base().with_protocol("ftp").unwrap_err().to_string().contains("\"ftp\""));
}
