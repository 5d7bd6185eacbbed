//! Multipart uploads.

use crate::support::{Client, MIB, data, md5_base64, md5_hex};
use qingstor_emulator::Emulator;

#[tokio::test]
async fn upload_survives_a_restart_and_becomes_an_object() {
    let directory = tempfile::tempdir().unwrap();
    let builder = Emulator::builder().bucket("b").data_dir(directory.path());
    let emulator = builder.clone().start().await.unwrap();
    let client = Client::new(&emulator);
    let parts = [data(1, 4 * MIB), data(2, 4 * MIB + 1), data(3, 10)];

    let upload = client.initiate("/b/dir/big").await;
    for (number, part) in [(0, &parts[0]), (5, &parts[1])] {
        let response = client.part("/b/dir/big", &upload, number, part.clone()).await;
        let response = response.expect(201);
        assert_eq!(response.header("etag"), format!("\"{}\"", md5_hex(part)));
        assert!(response.body.is_empty());
    }
    client.get("/b/dir/big").await.expect(404);
    emulator.stop().await;

    let emulator = builder.clone().start().await.unwrap();
    let client = Client::new(&emulator);
    client.part("/b/dir/big", &upload, 9, parts[2].clone()).await.expect(201);
    let listed = client.get(&format!("/b/dir/big?upload_id={upload}")).await;
    let listed = listed.expect(200).json();
    assert_eq!(listed["count"], 3);
    for (index, number) in [0, 5, 9].into_iter().enumerate() {
        let part = &listed["object_parts"][index];
        assert_eq!(part["part_number"], number);
        assert_eq!(part["size"], parts[index].len());
        assert_eq!(part["etag"], md5_hex(&parts[index]));
    }
    let response = client.complete("/b/dir/big", &upload, &[0, 5, 9]).await;
    assert!(response.expect(201).body.is_empty());
    emulator.stop().await;

    let emulator = builder.start().await.unwrap();
    let client = Client::new(&emulator);
    let whole = parts.concat();
    let response = client.get("/b/dir/big").await.expect(200);
    assert_eq!(response.body, whole);
    assert!(response.header("etag").ends_with("-3\""));
    let across = 4 * MIB - 3..4 * MIB + 4;
    let range = format!("bytes={}-{}", across.start, across.end - 1);
    let response = client.send("GET", "/b/dir/big", &[("range", &range)], "").await.expect(206);
    assert_eq!(response.body, whole[across]);
    let again = client.complete("/b/dir/big", &upload, &[0, 5, 9]).await;
    assert_eq!(again.expect(404).code(), "upload_not_exists");
}

#[tokio::test]
async fn small_parts_are_refused_unless_allowed() {
    for allowed in [false, true] {
        let emulator = Emulator::builder().bucket("b").allow_tiny_parts(allowed).start().await.unwrap();
        let client = Client::new(&emulator);
        let upload = client.initiate("/b/k").await;
        for number in 0..3 {
            let part = data(u64::from(number), 10);
            client.part("/b/k", &upload, number, part).await.expect(201);
        }
        let response = client.complete("/b/k", &upload, &[0, 1, 2]).await;
        if allowed {
            response.expect(201);
        } else {
            assert_eq!(response.expect(400).code(), "entity_too_small");
            // A single part is the last one, which has no minimum size. The upload still exists after the error.
            client.complete("/b/k", &upload, &[1]).await.expect(201);
            assert_eq!(client.get("/b/k").await.body, data(1, 10));
        }
    }
}

#[tokio::test]
async fn refuses_invalid_parts_and_replaces_valid_ones() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    let upload = client.initiate("/b/k").await;
    let target = format!("/b/k?part_number=1&upload_id={upload}");
    let wrong = md5_base64(b"other");
    let response = client.send("PUT", &target, &[("content-md5", &wrong)], "data").await;
    assert_eq!(response.expect(400).code(), "bad_digest");
    let right = md5_base64(b"data");
    client.send("PUT", &target, &[("content-md5", &right)], "data").await.expect(201);
    client.put(&target, "newer").await.expect(201);
    for number in ["-1", "10001", "x"] {
        let target = format!("/b/k?part_number={number}&upload_id={upload}");
        let response = client.put(&target, "data").await;
        assert_eq!(response.expect(400).code(), "invalid_argument");
    }
    let response = client.part("/b/k", "unknown", 1, b"data".to_vec()).await;
    assert_eq!(response.expect(404).code(), "upload_not_exists");
    let etag = [("etag", "\"0c2f573d81194064b129e940edcefe9b\"")];
    let body = r#"{"object_parts":[{"part_number":1,"size":5}]}"#;
    client.send("POST", &format!("/b/k?upload_id={upload}"), &etag, body).await.expect(201);
    let response = client.get("/b/k").await;
    assert_eq!(response.body, b"newer");
    assert_eq!(response.header("etag"), etag[0].1);
}

#[tokio::test]
async fn status_of_upload_not_exists_is_configurable() {
    for status in [400, 404] {
        let emulator = Emulator::builder().bucket("b").upload_not_exists_status(status).start().await.unwrap();
        let client = Client::new(&emulator);
        for response in [
            client.part("/b/k", "unknown", 0, b"data".to_vec()).await,
            client.complete("/b/k", "unknown", &[0]).await,
            client.get("/b/k?upload_id=unknown").await,
        ] {
            assert_eq!(response.expect(status).code(), "upload_not_exists");
        }
        client.get("/b/k").await.expect(404);
    }
    assert!(Emulator::builder().upload_not_exists_status(200).start().await.is_err());
}

#[tokio::test]
async fn copies_parts_from_an_object() {
    let emulator = Emulator::builder().bucket("b").allow_tiny_parts(true).start().await.unwrap();
    let client = Client::new(&emulator);
    client.put("/b/a%20source", "0123456789").await.expect(201);
    let upload = client.initiate("/b/k").await;
    let copy = async |number: u32, range: &str| {
        let target = format!("/b/k?part_number={number}&upload_id={upload}");
        let mut headers = vec![("x-qs-copy-source", "/b/a%20source")];
        if !range.is_empty() {
            headers.push(("x-qs-copy-range", range));
        }
        client.send("PUT", &target, &headers, "").await
    };
    let response = copy(0, "bytes=2-4").await.expect(201);
    assert_eq!(response.header("x-qs-content-copy-range"), "bytes 2-4/10");
    assert_eq!(response.header("etag"), format!("\"{}\"", md5_hex(b"234")));
    let response = copy(1, "").await.expect(201);
    assert_eq!(response.header("etag"), format!("\"{}\"", md5_hex(b"0123456789")));
    let target = format!("/b/k?part_number=0&upload_id={upload}");
    let response = client.send("PUT", &target, &[("x-qs-copy-source", "")], "").await;
    assert_eq!(response.expect(400).code(), "invalid_argument");
    assert_eq!(copy(2, "bytes=10-").await.expect(416).code(), "invalid_range");
    client.delete("/b/a%20source").await.expect(204);
    client.complete("/b/k", &upload, &[0, 1]).await.expect(201);
    assert_eq!(client.get("/b/k").await.body, b"2340123456789");
}

#[tokio::test]
async fn lists_parts_and_uploads() {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    let upload = client.initiate("/b/k").await;
    for number in 0..4 {
        client.part("/b/k", &upload, number, vec![0]).await.expect(201);
    }
    let numbers = async |more: &str| -> Vec<i64> {
        let target = format!("/b/k?upload_id={upload}{more}");
        let listed = client.get(&target).await.expect(200).json();
        assert_eq!(listed["count"], 4);
        let parts = listed["object_parts"].as_array().unwrap();
        parts.iter().map(|part| part["part_number"].as_i64().unwrap()).collect()
    };
    assert_eq!(numbers("").await, [0, 1, 2, 3]);
    assert_eq!(numbers("&part_number_marker=").await, [0, 1, 2, 3]);
    assert_eq!(numbers("&part_number_marker=0&limit=2").await, [1, 2]);
    assert_eq!(numbers("&limit=0").await, [0; 0]);

    let other = client.initiate("/b/z/1").await;
    let listed = client.get("/b?uploads&limit=1").await.expect(200).json();
    assert_eq!(listed["uploads"][0]["upload_id"], upload);
    assert_eq!(listed["has_more"], true);
    let target = format!(
        "/b?uploads=&key_marker={}&upload_id_marker={}",
        listed["next_key_marker"].as_str().unwrap(),
        listed["next_upload_id_marker"].as_str().unwrap()
    );
    let listed = client.get(&target).await.expect(200).json();
    assert_eq!(listed["uploads"][0]["upload_id"], other);
    assert_eq!(listed["has_more"], false);
    assert_eq!(listed["next_key_marker"], "");

    for _ in 0..2 {
        client.delete(&format!("/b/k?upload_id={upload}")).await.expect(204);
    }
    let listed = client.get("/b?uploads&prefix=k").await.expect(200).json();
    assert_eq!(listed["uploads"].as_array().unwrap().len(), 0);
}
