//! Buckets and objects.

use crate::support::{MIB, RawConnection, data, http_date, md5_base64, md5_hex, start};

#[tokio::test]
async fn creates_lists_and_deletes_buckets() {
    let (_emulator, client) = start().await;
    client.put("/new-bucket", "").await.expect(201);
    let response = client.put("/new-bucket/", "").await.expect(409);
    assert_eq!(response.code(), "bucket_already_exists");
    let response = client.put("/c", "").await.expect(400);
    assert_eq!(response.code(), "invalid_bucket_name");
    client.send("HEAD", "/new-bucket", &[], "").await.expect(200);
    let listed = client.get("/?limit=1&offset=1").await.expect(200).json();
    assert_eq!(listed["count"], 2);
    assert_eq!(listed["buckets"][0]["name"], "new-bucket");
    assert_eq!(listed["buckets"][0]["location"], "pek3a");
    let elsewhere = client.send("GET", "/", &[("location", "gd2")], "").await;
    assert_eq!(elsewhere.json()["count"], 0);
    client.put("/new-bucket/k", "").await.expect(201);
    let response = client.delete("/new-bucket").await.expect(409);
    assert_eq!(response.code(), "bucket_not_empty");
    client.delete("/new-bucket/k").await.expect(204);
    client.delete("/new-bucket").await.expect(204);
    let response = client.send("HEAD", "/new-bucket", &[], "").await.expect(404);
    assert!(response.body.is_empty());
    let response = client.get("/new-bucket/k").await.expect(404);
    assert_eq!(response.code(), "bucket_not_exists");
}

#[tokio::test]
async fn download_returns_data_and_headers_of_the_upload() {
    let (_emulator, client) = start().await;
    let body = data(7, 3 * MIB + 5);
    let headers = [
        ("content-type", "text/x"),
        ("cache-control", "no-store"),
        ("x-qs-meta-Name", "value"),
        ("x-qs-storage-class", "STANDARD_IA"),
    ];
    let response = client.send("PUT", "/b/k", &headers, body.clone()).await;
    let etag = format!("\"{}\"", md5_hex(&body));
    assert_eq!(response.expect(201).header("etag"), etag);
    for (method, length) in [("GET", body.len()), ("HEAD", 0)] {
        let response = client.send(method, "/b/k", &[], "").await.expect(200);
        assert_eq!(response.body.len(), length);
        assert_eq!(response.header("content-length"), body.len().to_string());
        assert_eq!(response.header("etag"), etag);
        assert_eq!(response.header("x-qs-meta-name"), "value");
        assert_eq!(response.header("content-type"), "text/x");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(response.header("x-qs-storage-class"), "STANDARD_IA");
        assert_eq!(response.header("server"), "QingStor");
        assert!(response.header("last-modified").ends_with(" GMT"));
    }
    assert_eq!(client.get("/b/k").await.body, body);
    let response = client.get("/b/k?response-content-type=a%2Fb").await;
    assert_eq!(response.header("content-type"), "a/b");
    client.delete("/b/k").await.expect(204);
    client.delete("/b/k").await.expect(204);
    let response = client.get("/b/k").await.expect(404);
    assert_eq!(response.code(), "object_not_exists");
}

#[tokio::test]
async fn supports_ranges_and_conditions() {
    let (_emulator, client) = start().await;
    client.put("/b/k", "0123456789").await.expect(201);
    client.put("/b/empty", "").await.expect(201);
    let etag = format!("\"{}\"", md5_hex(b"0123456789"));
    let with = async |name: &str, value: &str| client.send("GET", "/b/k", &[(name, value)], "").await;

    let response = with("range", "bytes=-3").await.expect(206);
    assert_eq!(response.body, b"789");
    assert_eq!(response.header("content-range"), "bytes 7-9/10");
    let response = with("range", "bytes=0-99999999999999999999").await.expect(206);
    assert_eq!(response.header("content-range"), "bytes 0-9/10");
    let response = with("range", "bytes=10-").await.expect(416);
    assert_eq!(response.code(), "invalid_range");
    assert_eq!(response.header("content-range"), "bytes */10");
    let range = [("range", "bytes=0-")];
    client.send("GET", "/b/empty", &range, "").await.expect(416);

    with("if-match", &etag).await.expect(200);
    let response = with("if-match", "\"other\"").await.expect(412);
    assert_eq!(response.code(), "precondition_failed");
    let response = with("if-none-match", &etag).await.expect(304);
    assert_eq!(response.header("etag"), etag);
    with("if-modified-since", &http_date(60)).await.expect(304);
    with("if-modified-since", &http_date(-60)).await.expect(200);
    with("if-unmodified-since", &http_date(-60)).await.expect(412);
    let headers = [("if-none-match", etag.as_str())];
    client.send("HEAD", "/b/k", &headers, "").await.expect(304);
}

#[tokio::test]
async fn copies_and_moves_objects() {
    let (_emulator, client) = start().await;
    let meta = [("x-qs-meta-a", "1"), ("content-type", "text/x")];
    let put = client.send("PUT", "/b/a%20%2Bb", &meta, "data").await;
    let etag = put.expect(201).header("etag").to_owned();
    let source = ("x-qs-copy-source", "/b/a%20+b");

    let response = client.send("PUT", "/b/copy", &[source], "").await.expect(201);
    assert_eq!(response.header("etag"), etag);
    let copy = client.get("/b/copy").await.expect(200);
    assert_eq!(copy.body, b"data");
    assert_eq!(copy.header("x-qs-meta-a"), "1");
    assert_eq!(copy.header("content-type"), "text/x");

    let replace = [source, ("x-qs-metadata-directive", "replace"), ("x-qs-meta-c", "2")];
    client.send("PUT", "/b/copy", &replace, "").await.expect(201);
    let copy = client.get("/b/copy").await.expect(200);
    assert_eq!(copy.header("x-qs-meta-a"), "");
    assert_eq!(copy.header("x-qs-meta-c"), "2");

    for condition in [
        ("x-qs-copy-source-if-match", "\"x\""),
        ("x-qs-copy-source-if-none-match", etag.as_str()),
        ("x-qs-copy-source-if-modified-since", &http_date(60)),
        ("x-qs-copy-source-if-unmodified-since", &http_date(-60)),
    ] {
        let response = client.send("PUT", "/b/x", &[source, condition], "").await;
        assert_eq!(response.expect(412).code(), "precondition_failed");
    }
    for (value, status) in [("/b/none", 404), ("/none/k", 404), ("b", 400), ("/b", 400)] {
        let headers = [("x-qs-copy-source", value)];
        client.send("PUT", "/b/x", &headers, "").await.expect(status);
    }
    // A request with an invalid source must not store an empty object.
    for name in ["x-qs-copy-source", "x-qs-move-source"] {
        for value in ["", "/b/\u{4e2d}"] {
            let response = client.send("PUT", "/b/copy", &[(name, value)], "").await;
            assert_eq!(response.expect(400).code(), "invalid_argument");
        }
    }
    assert_eq!(client.get("/b/copy").await.body, b"data");

    let moved = [("x-qs-move-source", "/b/a%20%2Bb")];
    client.send("PUT", "/b/moved", &moved, "").await.expect(201);
    client.get("/b/a%20%2Bb").await.expect(404);
    assert_eq!(client.get("/b/moved").await.body, b"data");
    let onto_itself = [("x-qs-move-source", "/b/moved")];
    client.send("PUT", "/b/moved", &onto_itself, "").await.expect(201);
    let moved = client.get("/b/moved").await.expect(200);
    assert_eq!(moved.header("x-qs-meta-a"), "1");
}

#[tokio::test]
async fn lists_and_deletes_many_objects() {
    let (_emulator, client) = start().await;
    for key in ["a", "dir/1", "dir/2", "%E4%B8%AD", "z"] {
        client.put(&format!("/b/{key}"), "x").await.expect(201);
    }
    let listed = client.get("/b?prefix=&delimiter=%2F&limit=2&marker=").await;
    let listed = listed.expect(200).json();
    assert_eq!(listed["name"], "b");
    assert_eq!(listed["keys"][0]["key"], "a");
    assert_eq!(listed["keys"][0]["etag"], format!("\"{}\"", md5_hex(b"x")));
    assert!(listed["keys"][0]["modified"].is_i64());
    assert_eq!(listed["common_prefixes"][0], "dir/");
    assert_eq!(listed["has_more"], true);
    let marker = listed["next_marker"].as_str().unwrap();
    let listed = client.get(&format!("/b?delimiter=/&marker={marker}")).await;
    let listed = listed.expect(200).json();
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!(listed["has_more"], false);
    assert_eq!(listed["next_marker"], "");

    let body = r#"{"objects":[{"key":"a"},{"key":"never"}],"quiet":false}"#;
    let response = client.post("/b?delete", body).await.expect(400);
    assert_eq!(response.code(), "invalid_argument");
    let md5 = [("content-md5", &*md5_base64(body.as_bytes()))];
    let response = client.send("POST", "/b?delete", &md5, body).await.expect(200);
    assert_eq!(response.json()["deleted"].as_array().unwrap().len(), 2);
    client.get("/b/a").await.expect(404);
    let quiet = r#"{"objects":[{"key":"z"}],"quiet":true}"#;
    let md5 = [("content-md5", &*md5_base64(quiet.as_bytes()))];
    let response = client.send("POST", "/b?delete", &md5, quiet).await.expect(200);
    assert_eq!(response.json().get("deleted"), None);
    client.get("/b/z").await.expect(404);
}

#[tokio::test]
async fn encrypted_object_requires_its_key() {
    let (_emulator, client) = start().await;
    let key = |prefix: &'static str, digest: &'static str| {
        [
            (format!("{prefix}-algorithm"), "AES256"),
            (format!("{prefix}-key"), "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="),
            (format!("{prefix}-key-md5"), digest),
        ]
    };
    let own = key("x-qs-encryption-customer", "3I/h1kl+vSP1l12NKhxegQ==");
    let own: Vec<_> = own.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let bad = key("x-qs-encryption-customer", "AAAAAAAAAAAAAAAAAAAAAA==");
    let bad: Vec<_> = bad.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let source = key("x-qs-copy-source-encryption-customer", "3I/h1kl+vSP1l12NKhxegQ==");
    let algorithm = "x-qs-encryption-customer-algorithm";

    client.send("PUT", "/b/k", &bad, "data").await.expect(400);
    let response = client.send("PUT", "/b/k", &own, "data").await.expect(201);
    assert_eq!(response.header(algorithm), "AES256");
    client.get("/b/k").await.expect(400);
    let response = client.send("GET", "/b/k", &own, "").await.expect(200);
    assert_eq!(response.header(algorithm), "AES256");
    client.send("HEAD", "/b/k", &[], "").await.expect(200);
    let mut copy = vec![("x-qs-copy-source", "/b/k")];
    client.send("PUT", "/b/copy", &copy, "").await.expect(400);
    copy.extend(source.iter().map(|(name, value)| (name.as_str(), *value)));
    client.send("PUT", "/b/copy", &copy, "").await.expect(201);
    assert_eq!(client.get("/b/copy").await.body, b"data");
}

#[tokio::test]
async fn unserved_operations_return_501_and_unknown_ones_405() {
    let (_emulator, client) = start().await;
    client.put("/b/k", "data").await.expect(201);
    for target in ["/b/k?image&action=info", "/b/k?action=resize:w_1&image="] {
        let response = client.get(target).await.expect(501);
        assert_eq!(response.code(), "not_implemented");
        assert_eq!(response.json()["message"], "the emulator does not process images");
        assert!(response.json()["request_id"].is_string());
    }
    let fetched = [("x-qs-fetch-source", "http://example.com/")];
    client.send("PUT", "/b/k", &fetched, "").await.expect(501);
    let response = client.post("/b", "").await.expect(405);
    assert_eq!(response.code(), "method_not_allowed");
}

#[tokio::test]
async fn stores_keys_that_url_libraries_would_change() {
    let (emulator, client) = start().await;
    let mut raw = RawConnection::connect(&emulator).await;
    let paths = ["/b//lead", "/b/a//b", "/b/../x", "/b/./y/%2e%2e/z", "/b/q=~%2F+"];
    for path in paths {
        let mut headers = client.sign("PUT", path, None, &[("content-length", "1")]);
        headers.insert("host", "localhost".parse().unwrap());
        raw.write_head("PUT", path, &headers).await;
        raw.write("x").await;
        raw.read_response("PUT").await.expect(201);
    }
    let listed = client.get("/b").await.json();
    let keys: Vec<_> = listed["keys"].as_array().unwrap().iter().map(|key| key["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["../x", "./y/../z", "/lead", "a//b", "q=~/+"]);
}
