//! Steps about objects that grow.

use cucumber::{then, when};
use qingstor_sdk::operations::{AppendObjectInput, AppendObjectOutput, HeadObjectOutput};

use crate::scene::Scene;

#[when(regex = r#"^append object "([^"]+)" at (\d+) with content "(.*)"$"#)]
async fn append(scene: &mut Scene, key: String, position: u64, content: String) {
    let result = scene.bucket().append_object(&key, AppendObjectInput::new(position).body(content)).await;
    scene.record("append object", result);
}

#[then(regex = r"^append object goes on at (\d+)$")]
fn goes_on_at(scene: &mut Scene, position: u64) {
    assert_eq!(scene.answer::<AppendObjectOutput>("append object").next_append_position, position);
}

#[then(regex = r"^head object says that it grows at (\d+)$")]
fn grows_at(scene: &mut Scene, position: u64) {
    let output: &HeadObjectOutput = scene.answer("head object");
    assert_eq!(output.object_type.as_deref(), Some("appendable"));
    assert_eq!(output.next_append_position, Some(position));
}
