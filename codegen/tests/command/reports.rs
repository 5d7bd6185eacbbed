//! Tests of the output of the command as text and as JSON, and of its exit codes.

use std::fs;
use std::process::Output;

use crate::workspace::{SPEC, Workspace, command, stderr, stdout};

#[test]
fn the_last_line_counts_all_problems() {
    let workspace = Workspace::new();
    let unknown: String = (0..600).map(|number| format!("unknown{number}: 1\n")).collect();
    workspace.write("specs/qingstor/2016-01-06/api.yaml", &format!("{}{unknown}", SPEC.trim_start()));
    let stderr = stderr(&workspace.run(&[]));
    assert!(stderr.ends_with("\n600 problems; nothing was written\n"), "{stderr}");
}

#[test]
fn warnings_are_errors_only_with_deny_warnings() {
    let workspace = Workspace::new();
    let allowed = workspace.run(&[]);
    assert!(allowed.status.success());
    assert!(stderr(&allowed).contains("warning[undescribed]: parameter `limit` has no description"));
    assert!(stderr(&allowed).ends_with("\n4 warnings\n"), "{}", stderr(&allowed));
    assert!(workspace.run(&["check"]).status.success());
    let files = workspace.files("sdk/src/generated");
    workspace.write("specs/qingstor/2016-01-06/api.yaml", &SPEC.replace("limit", "offset"));
    for (arguments, consequence) in
        [(&["check", "--deny-warnings"][..], ""), (&["--deny-warnings"], "; nothing was written")]
    {
        let denied = workspace.run(arguments);
        assert_eq!(denied.status.code(), Some(1));
        let last = format!("\n4 warnings, denied by --deny-warnings{consequence}\n");
        assert!(stderr(&denied).ends_with(&last), "{}", stderr(&denied));
        assert_eq!(workspace.files("sdk/src/generated"), files);
    }
}

/// Parses the lines of standard error and checks that each is a JSON object with all documented fields.
fn json_lines(output: &Output) -> Vec<serde_json::Value> {
    let lines: Vec<serde_json::Value> =
        stderr(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let mut keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        let fields = "byte_end byte_start code column end_column end_line file help label line message related severity suggestion";
        assert_eq!(keys.join(" "), fields);
    }
    lines
}

#[test]
fn json_describes_each_problem() {
    let workspace = Workspace::new();
    let spec = SPEC.replace("integer", "int").replace("summary", "sumary");
    workspace.write("specs/qingstor/2016-01-06/api.yaml", &format!("\u{feff}{}", spec.trim_start()));
    let output = workspace.run(&["check", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 2, "no last line with the number of problems: {lines:?}");
    let line = &lines[1];
    assert_eq!((&line["code"], &line["severity"]), (&"unknown-type".into(), &"error".into()));
    assert_eq!(line["message"], "unknown type `int` in parameter `limit`");
    assert_eq!((&line["help"], &line["label"]), (&"did you mean `integer`?".into(), &"not a known type".into()));
    let file = "specs/qingstor/2016-01-06/api.yaml";
    assert_eq!(line["file"], file);
    let numbers = |value: &serde_json::Value| {
        ["line", "column", "end_line", "end_column"].map(|key| value[key].as_u64().unwrap())
    };
    assert_eq!(numbers(line), [9, 42, 9, 45]);
    assert_eq!(line["suggestion"]["replacement"], "integer");
    assert_eq!(numbers(&line["suggestion"]), [9, 42, 9, 45]);
    let bytes = fs::read(workspace.path(file)).unwrap();
    let (start, end) = (line["byte_start"].as_u64().unwrap(), line["byte_end"].as_u64().unwrap());
    assert_eq!(
        &bytes[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()],
        b"int",
        "the span is in bytes of the file"
    );
}

#[test]
fn json_includes_errors_that_are_not_about_the_specification() {
    let workspace = Workspace::new();
    workspace.write("sdk/src/generated/notes.txt", "notes\n");
    let output = workspace.run(&["--format", "json"]);
    let lines = json_lines(&output);
    let error = lines.iter().find(|line| line["severity"] == "error").unwrap();
    assert_eq!((&error["code"], &error["file"], &error["line"]), (&().into(), &().into(), &().into()));
    assert!(error["message"].as_str().unwrap().contains("contains files that cargo codegen did not write"));
    assert!(error["help"].as_str().unwrap().starts_with("move them elsewhere"));

    let check = json_lines(&workspace.run(&["check", "--format", "json"]));
    let missing = check.iter().find(|line| line["file"] == "sdk/src/generated/mod.rs").unwrap();
    assert_eq!(missing["message"], "sdk/src/generated/mod.rs is missing");

    let elsewhere = tempfile::tempdir().unwrap();
    let outside = workspace.run_in(elsewhere.path(), &["--format", "json"]);
    assert_eq!(outside.status.code(), Some(2));
    assert!(json_lines(&outside)[0]["message"].as_str().unwrap().contains("[workspace]"));
}

#[test]
fn json_lists_all_warnings_and_text_the_first_ten_of_a_code() {
    let workspace = Workspace::new();
    let parameters: String =
        (0..30).map(|number| format!("        - {{name: p{number}, in: query, type: string}}\n")).collect();
    let spec = SPEC.replace("      responses:", &format!("{parameters}      responses:"));
    workspace.write("specs/qingstor/2016-01-06/api.yaml", &spec);
    assert_eq!(json_lines(&workspace.run(&["--format", "json"])).len(), 34);
    let drawn = stderr(&workspace.run(&[]));
    assert_eq!(drawn.matches("warning[undescribed]").count(), 10);
    assert!(drawn.contains("… and 24 more `undescribed` warnings (--format json lists all)\n34 warnings\n"), "{drawn}");
}

#[test]
fn explain_prints_one_code() {
    let workspace = Workspace::new();
    let output = workspace.run(&["explain", "unknown-key"]);
    assert!(output.status.success());
    assert!(
        stdout(&output).starts_with("## unknown-key\n\nThe dialect does not have this key in this place"),
        "{}",
        stdout(&output)
    );
    assert!(stdout(&output).contains("error[unknown-key]: unknown key"));
    assert!(!stdout(&output).contains("## missing-key"));

    let unknown = workspace.run(&["explain", "unknown-kye"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(stderr(&unknown), "error: there is no code `unknown-kye`\n  help: did you mean `unknown-key`?\n");
}

#[test]
fn colours_follow_the_terminal_and_environment() {
    let workspace = Workspace::new();
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = command();
        command.current_dir(workspace.0.path()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        stderr(&output).contains('\u{1b}')
    };
    assert!(!coloured(&[]), "a pipe is not a terminal");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]) || cfg!(windows));
}
