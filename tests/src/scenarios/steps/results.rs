//! Steps that check the status or the error code of any previous step.

use cucumber::then;

use crate::scenarios::context::Context;

#[then(regex = r"^(.+?) (?:status )?code is (\d+)$")]
fn status_code_is(context: &mut Context, name: String, expected: u16) {
    let (status, reason) = context.status(&name);
    assert_eq!(status, expected, "{reason}");
}

#[then(regex = r#"^(.+?) error is "([a-z_]+)"$"#)]
fn error_is(context: &mut Context, name: String, code: String) {
    let error = context.service_error(&name);
    assert_eq!(error.code(), Some(code.as_str()), "{error}");
}
