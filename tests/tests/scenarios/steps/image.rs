//! Steps about images, which the emulator does not process.

use cucumber::{given, when};
use qingstor_sdk::Result;
use qingstor_sdk::operations::ImageProcessInput;

use super::object::Received;
use crate::report::Skip;
use crate::scene::Scene;

async fn process(scene: &Scene, key: &str, action: String) -> Result<Received> {
    let output = scene.bucket().image_process(key, ImageProcessInput::new(action)).await?;
    Ok(Received::new(output.response, output.body.bytes().await?.to_vec()))
}

#[given(regex = r#"^an image "([^"]+)"$"#)]
async fn an_image(scene: &mut Scene, key: String) {
    // The smallest beginning of a file that programs take for a picture.
    let png = b"\x89PNG\r\n\x1a\n".to_vec();
    scene.bucket().put(&key, png).await.unwrap();
}

#[when(regex = r#"^image process "([^"]+)" with action "([^"]+)"$"#)]
async fn image_process(scene: &mut Scene, key: String, action: String) {
    let result = process(scene, &key, action).await;
    scene.record("image process", result);
}

/// The official step, whose scenarios ask for what only the service can do.
#[when(regex = r#"^image process with key "([^"]+)" and query "(.+)"$"#)]
async fn official_image_process(scene: &mut Scene, key: String, query: String) {
    let image = tokio::fs::read(scene.folder().join("fixtures").join(&key)).await.unwrap();
    scene.bucket().put(&key, image).await.unwrap();
    match process(scene, &key, query).await {
        Err(error) if error.code() == Some("not_implemented") => {
            let reason = "the emulator does not process images (501 not_implemented)".to_owned();
            std::panic::panic_any(Skip { tag: "image", reason });
        }
        result => scene.record("image process", result),
    }
}
