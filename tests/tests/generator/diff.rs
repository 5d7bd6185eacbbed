//! The verdicts of `cargo codegen diff`, compared with those of rustc.
//!
//! The tests check that a change is reported as breaking if and only if a program for the old SDK does not compile with
//! the new one. They also check that a change which is reported as a change of behaviour compiles and changes the
//! generated code.
//!
//! The cases are those of `codegen/tests/fixtures/diff`. Each case gets its own type and operation names, so that one
//! SDK contains all cases. Compiling an SDK for each case would take minutes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use crate::sdk_copy::{Sdk, root};
use qingstor_codegen::diff::{Report, Verdict, compare};
use qingstor_codegen::model::Api;
use qingstor_codegen::{Loaded, render};
use serde::Deserialize;

/// A case of `cases.yaml`. A comment in that file explains the keys.
#[derive(Deserialize)]
struct Case {
    name: String,
    edits: Vec<(String, String)>,
    rustc: Option<String>,
    wire: Option<(String, String)>,
}

/// A case with the report of `cargo codegen diff`.
struct Compared {
    case: Case,
    /// Index of the case, which the names of its types and operations contain.
    number: usize,
    report: Report,
    old: Loaded,
    new: Loaded,
}

fn fixture(name: &str) -> String {
    fs::read_to_string(root().join("codegen/tests/fixtures/diff").join(name)).unwrap()
}

/// Renames the types and operations in `text` to those of the case with this number.
fn with_case_number(text: &str, number: usize) -> String {
    text.replace("Case", &format!("Case{number}")).replace("case_", &format!("case{number}_"))
}

fn load(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    fs::write(&path, text).unwrap();
    qingstor_codegen::load(&path, folder.path()).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

fn compare_cases() -> Vec<Compared> {
    let base = fixture("base.yaml");
    let cases: Vec<Case> = serde_yaml::from_str(&fixture("cases.yaml")).unwrap();
    let compared = cases.into_iter().enumerate().map(|(number, case)| {
        let edited = case.edits.iter().fold(base.clone(), |text, (from, to)| text.replacen(from.as_str(), to, 1));
        let (old, new) = (load(&with_case_number(&base, number)), load(&with_case_number(&edited, number)));
        let report = compare(&old, &new);
        Compared { case, number, report, old, new }
    });
    compared.collect()
}

/// Returns an API with the operations and types of all specifications.
fn merge<'l>(loaded: impl Iterator<Item = &'l Loaded>) -> Api {
    let mut apis = loaded.map(|loaded| loaded.api.clone());
    let mut all = apis.next().unwrap();
    for api in apis {
        all.operations.extend(api.operations);
        all.types.extend(api.types);
    }
    all
}

/// A compiled SDK that programs can be linked with.
struct Library {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Library {
    fn of(sdk: &Sdk, api: &Api) -> Self {
        let compiled = sdk.library(api);
        let folder = tempfile::tempdir().unwrap();
        // A copy is used, because compiling the next SDK overwrites `compiled`.
        let path = folder.path().join("libqingstor_sdk.rmeta");
        fs::copy(compiled, &path).unwrap();
        Self { _folder: folder, path }
    }

    /// Compiles a program and returns the errors of rustc, or an empty string if there are none.
    fn compile_errors(&self, program: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("user.rs");
        fs::write(&source, program).unwrap();
        let output = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
            .args(["--edition", "2024", "--crate-type", "lib", "--crate-name", "user", "--emit", "metadata"])
            .arg("--extern")
            .arg(format!("qingstor_sdk={}", self.path.display()))
            .arg("-L")
            .arg(format!("dependency={}", root().join("target/compile-tests/debug/deps").display()))
            .arg("--out-dir")
            .arg(folder.path())
            .arg(&source)
            .current_dir(root())
            .output()
            .unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), !messages.contains("error"), "{messages}");
        if output.status.success() { String::new() } else { messages }
    }
}

/// Returns the generated code with all white space reduced to single spaces.
fn generated(api: &Api) -> String {
    let files = render::generate(api).unwrap();
    files.values().flat_map(|content| content.split_whitespace()).collect::<Vec<_>>().join(" ")
}

/// Checks the verdict about a case against the result of compiling `program`, which was written for the old SDK.
fn check_verdict(compared: &Compared, new: &Library, program: &str) -> Result<(), String> {
    let Compared { case, report, .. } = compared;
    let verdict = report.changes().map(|change| change.verdict).max().unwrap_or(Verdict::Docs);
    let errors = new.compile_errors(&with_case_number(program, compared.number));
    if (verdict == Verdict::Breaking) == errors.is_empty() {
        return Err(format!("the verdict is {verdict:?}, but rustc reports: {errors}\n{report:#?}"));
    }
    match &case.rustc {
        Some(expected) if errors.contains(&with_case_number(expected, compared.number)) => {}
        None if errors.is_empty() => {}
        expected => return Err(format!("rustc should report {expected:?}, but reports: {errors}")),
    }
    check_behaviour(compared, verdict)
}

/// Checks that a verdict about changed behaviour is right: the generated code changes as the key `wire` of the case
/// says.
fn check_behaviour(compared: &Compared, verdict: Verdict) -> Result<(), String> {
    let Compared { case, old, new, number, .. } = compared;
    let (before, after) = (generated(&old.api), generated(&new.api));
    if let Some((removed, added)) = &case.wire {
        let count = |text: &str, part: &str| text.matches(&with_case_number(part, *number)).count();
        let is_removed = removed.is_empty() || count(&before, removed) > count(&after, removed);
        let is_added = added.is_empty() || count(&after, added) > count(&before, added);
        if verdict != Verdict::BreakingBehaviour || !is_removed || !is_added {
            return Err(format!("the verdict is {verdict:?}; removed: {is_removed}, added: {is_added}\n{after}"));
        }
    } else if verdict == Verdict::BreakingBehaviour {
        // Success statuses do not appear in the generated code, because the SDK accepts all of 200 to 299.
        let success = |loaded: &Loaded| loaded.api.operations.iter().map(|it| it.success.clone()).collect::<Vec<_>>();
        if success(old) == success(new) {
            return Err("the verdict is BreakingBehaviour, but the case has no key `wire`".to_owned());
        }
    }
    Ok(())
}

#[test]
fn verdicts_of_all_cases_agree_with_rustc() {
    let cases = compare_cases();
    assert!(cases.len() >= 75, "only {} cases were found", cases.len());
    let sdk = Sdk::copy();
    let program = fixture("user.rs");
    let old = Library::of(&sdk, &load(&fixture("base.yaml")).api);
    assert_eq!(old.compile_errors(&program), "", "the program must compile with the old SDK");
    let new = Library::of(&sdk, &merge(cases.iter().map(|compared| &compared.new)));

    let remaining = Mutex::new(cases.iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(compared) = remaining.lock().unwrap().next() else { break };
                    if let Err(failure) = check_verdict(compared, &new, &program) {
                        failures.lock().unwrap().push(format!("{}: {failure}", compared.case.name));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The previous test checks only the most severe verdict of a case. If a case has one change that is breaking, it does
/// not notice another one that is wrongly reported as breaking.
#[test]
fn most_breaking_cases_have_one_breaking_change() {
    let breaking_changes = |compared: &Compared| {
        let changes = compared.report.changes();
        changes.filter(|change| change.verdict == Verdict::Breaking).count()
    };
    let counts: Vec<usize> = compare_cases().iter().map(breaking_changes).filter(|count| *count > 0).collect();
    let single = counts.iter().filter(|count| **count == 1).count();
    let several = counts.len() - single;
    assert!(single >= 25 && several <= 8, "{single} cases with one breaking change, {several} with several");
}
