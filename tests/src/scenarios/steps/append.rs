//! Steps about appendable objects.

use cucumber::{then, when};
use qingstor_sdk::operations::{AppendObjectInput, AppendObjectOutput, HeadObjectOutput};

use crate::scenarios::context::Context;

#[when(regex = r#"^append object "([^"]+)" at (\d+) with content "(.*)"$"#)]
async fn append(context: &mut Context, key: String, position: u64, content: String) {
    let result = context.bucket().append_object(&key, AppendObjectInput::new(position).body(content)).await;
    context.record("append object", result);
}

#[then(regex = r"^append object next position is (\d+)$")]
fn next_position_is(context: &mut Context, position: u64) {
    assert_eq!(context.output::<AppendObjectOutput>("append object").next_append_position, position);
}

#[then(regex = r"^head object is appendable at (\d+)$")]
fn is_appendable_at(context: &mut Context, position: u64) {
    let output: &HeadObjectOutput = context.output("head object");
    assert_eq!(output.object_type.as_deref(), Some("appendable"));
    assert_eq!(output.next_append_position, Some(position));
}
