//! Steps about image processing, which the emulator does not implement.

use cucumber::{given, when};
use qingstor_sdk::Result;
use qingstor_sdk::operations::ImageProcessInput;

use super::object::Received;
use crate::scenarios::context::Context;
use crate::scenarios::report::Skip;

async fn process(context: &Context, key: &str, action: String) -> Result<Received> {
    let output = context.bucket().image_process(key, ImageProcessInput::new(action)).await?;
    Ok(Received::new(output.response, output.body.bytes().await?.to_vec()))
}

#[given(regex = r#"^an image "([^"]+)"$"#)]
async fn given_an_image(context: &mut Context, key: String) {
    // The signature of a PNG file.
    let png = b"\x89PNG\r\n\x1a\n".to_vec();
    context.bucket().put(&key, png).await.unwrap();
}

#[when(regex = r#"^image process "([^"]+)" with action "([^"]+)"$"#)]
async fn image_process(context: &mut Context, key: String, action: String) {
    let result = process(context, &key, action).await;
    context.record("image process", result);
}

/// Step of the official scenarios, which are skipped if the emulator returns `not_implemented`.
#[when(regex = r#"^image process with key "([^"]+)" and query "(.+)"$"#)]
async fn official_image_process(context: &mut Context, key: String, query: String) {
    let image = tokio::fs::read(context.feature_folder().join("fixtures").join(&key)).await.unwrap();
    context.bucket().put(&key, image).await.unwrap();
    match process(context, &key, query).await {
        Err(error) if error.code() == Some("not_implemented") => {
            let reason = "the emulator does not process images (501 not_implemented)".to_owned();
            std::panic::panic_any(Skip { tag: "image", reason });
        }
        result => context.record("image process", result),
    }
}
