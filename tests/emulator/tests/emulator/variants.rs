//! Variants: behaviour other than the default.

use qingstor_emulator::{Emulator, Variant};

use crate::support::{Client, MIB, data, md5_hex};

/// Starts an emulator, with the variant or with the default behaviour.
async fn start(variant: Option<Variant>) -> (Emulator, Client) {
    let builder = Emulator::builder().bucket("b").allow_tiny_parts(true);
    let emulator =
        variant.into_iter().fold(builder, |builder, variant| builder.variant(variant)).start().await.unwrap();
    let client = Client::new(&emulator);
    (emulator, client)
}

#[tokio::test]
async fn conditional_writes_refuses_failed_conditions() {
    let etag = format!("\"{}\"", md5_hex(b"1"));
    for (variant, refused) in [(Some(Variant::ConditionalWrites), 412), (None, 201)] {
        let (_emulator, client) = start(variant).await;
        let put = async |name, value: &str| client.send("PUT", "/b/k", &[(name, value)], "1").await;
        put("if-match", "*").await.expect(refused);
        client.delete("/b/k").await.expect(204);
        put("if-none-match", "*").await.expect(201);
        put("if-none-match", "*").await.expect(refused);
        put("if-none-match", &etag).await.expect(refused);
        put("if-match", "\"other\"").await.expect(refused);
        put("if-match", &etag).await.expect(201);

        let upload = client.initiate("/b/k").await;
        client.part("/b/k", &upload, 0, data(1, 10)).await.expect(201);
        let (target, body) = (format!("/b/k?upload_id={upload}"), r#"{"object_parts":[{"part_number":0}]}"#);
        client.send("POST", &target, &[("if-none-match", "*")], body).await.expect(refused);
    }
}

#[tokio::test]
async fn md5_of_multipart_is_the_etag_unless_the_client_sets_one() {
    for (variant, is_md5) in [(Some(Variant::Md5OfMultipart), true), (None, false)] {
        let (_emulator, client) = start(variant).await;
        let parts = [data(1, MIB), data(2, 10)];
        let upload = client.initiate("/b/k").await;
        for (number, part) in parts.iter().enumerate() {
            client.part("/b/k", &upload, number as u32, part.clone()).await.expect(201);
        }
        client.complete("/b/k", &upload, &[0, 1]).await.expect(201);
        let etag = client.get("/b/k").await.header("etag").to_owned();
        assert_eq!(etag == format!("\"{}\"", md5_hex(&parts.concat())), is_md5, "{etag}");
    }
}

#[tokio::test]
async fn part_variants_change_the_etag_the_count_and_the_marker() {
    for variant in [None, Some(Variant::NoPartEtag), Some(Variant::CountOfPage), Some(Variant::MarkerZeroListsPartZero)]
    {
        let (_emulator, client) = start(variant).await;
        let upload = client.initiate("/b/k").await;
        for number in 0..3 {
            let response = client.part("/b/k", &upload, number, data(1, 10)).await.expect(201);
            assert_eq!(response.header("etag").is_empty(), variant == Some(Variant::NoPartEtag), "{variant:?}");
        }
        let page =
            client.get(&format!("/b/k?upload_id={upload}&limit=2&part_number_marker=0")).await.expect(200).json();
        let first = if variant == Some(Variant::MarkerZeroListsPartZero) { 0 } else { 1 };
        assert_eq!(page["object_parts"][0]["part_number"], first, "{variant:?}");
        assert_eq!(page["count"], if variant == Some(Variant::CountOfPage) { 2 } else { 3 }, "{variant:?}");
    }
}

#[tokio::test]
async fn list_limit_100_shortens_pages() {
    for (variant, expected) in [(Some(Variant::ListLimit100), 100), (None, 101)] {
        let (_emulator, client) = start(variant).await;
        for number in 0..101 {
            client.put(&format!("/b/{number}"), "").await.expect(201);
        }
        let page = client.get("/b?limit=1000").await.expect(200).json();
        assert_eq!(page["keys"].as_array().unwrap().len(), expected);
    }
}
