//! Steps that judge how any other step was answered.

use cucumber::then;

use crate::scene::Scene;

#[then(regex = r"^(.+?) (?:status )?code is (\d+)$")]
fn status_code_is(scene: &mut Scene, named: String, expected: u16) {
    let (status, reason) = scene.status(&named);
    assert_eq!(status, expected, "{reason}");
}

#[then(regex = r#"^(.+?) error is "([a-z_]+)"$"#)]
fn error_is(scene: &mut Scene, named: String, code: String) {
    let refusal = scene.refusal(&named);
    assert_eq!(refusal.code(), Some(code.as_str()), "{refusal}");
}
