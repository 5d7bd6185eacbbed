//! What `cargo codegen diff` says is true: rustc says the same.
//!
//! Protects: that a difference is called breaking if, and only if, a program that was written against the SDK of the old
//! specification does not compile against that of the new one; and that what is said to compile but behave differently
//! does both.
//!
//! The pairs are those of `codegen/tests/fixtures/diff`. Their names are made distinct, so that one SDK has them all:
//! compiling an SDK for each would take minutes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use crate::sdk_copy::{Sdk, root};
use qingstor_codegen::diff::{Report, Verdict, compare};
use qingstor_codegen::model::Api;
use qingstor_codegen::{Loaded, render};
use serde::Deserialize;

/// A pair of `cases.yaml`, which explains the keys.
#[derive(Deserialize)]
struct Case {
    name: String,
    edits: Vec<(String, String)>,
    rustc: Option<String>,
    wire: Option<(String, String)>,
}

/// A pair that has been compared.
struct Compared {
    case: Case,
    number: usize,
    report: Report,
    old: Loaded,
    new: Loaded,
}

fn fixture(name: &str) -> String {
    fs::read_to_string(root().join("codegen/tests/fixtures/diff").join(name)).unwrap()
}

/// Gives what a text names the names of one pair.
fn numbered(text: &str, number: usize) -> String {
    text.replace("Case", &format!("Case{number}")).replace("case_", &format!("case{number}_"))
}

fn load(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    fs::write(&path, text).unwrap();
    qingstor_codegen::load(&path, folder.path()).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

fn compared() -> Vec<Compared> {
    let base = fixture("base.yaml");
    let cases: Vec<Case> = serde_yaml::from_str(&fixture("cases.yaml")).unwrap();
    let pairs = cases.into_iter().enumerate().map(|(number, case)| {
        let edited = case.edits.iter().fold(base.clone(), |text, (from, to)| text.replacen(from.as_str(), to, 1));
        let (old, new) = (load(&numbered(&base, number)), load(&numbered(&edited, number)));
        let report = compare(&old, &new);
        Compared { case, number, report, old, new }
    });
    pairs.collect()
}

/// All of them as one API.
fn joined<'l>(loaded: impl Iterator<Item = &'l Loaded>) -> Api {
    let mut apis = loaded.map(|loaded| loaded.api.clone());
    let mut all = apis.next().unwrap();
    for api in apis {
        all.operations.extend(api.operations);
        all.types.extend(api.types);
    }
    all
}

/// An SDK that programs can be compiled with.
struct Library {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Library {
    fn of(sdk: &Sdk, api: &Api) -> Self {
        let compiled = sdk.library(api);
        let folder = tempfile::tempdir().unwrap();
        // The next SDK takes the place of this one.
        let path = folder.path().join("libqingstor_sdk.rmeta");
        fs::copy(compiled, &path).unwrap();
        Self { _folder: folder, path }
    }

    /// What the compiler says of a program; nothing if it compiles.
    fn complaints(&self, program: &str) -> String {
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
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), !said.contains("error"), "{said}");
        if output.status.success() { String::new() } else { said }
    }
}

/// What is generated, without the layout that rustfmt chose.
fn generated(api: &Api) -> String {
    let files = render::generate(api).unwrap();
    files.values().flat_map(|content| content.split_whitespace()).collect::<Vec<_>>().join(" ")
}

fn judged(pair: &Compared, new: &Library, user: &str) -> Result<(), String> {
    let Compared { case, report, .. } = pair;
    let verdict = report.changes().map(|change| change.verdict).max().unwrap_or(Verdict::Docs);
    let said = new.complaints(&numbered(user, pair.number));
    if (verdict == Verdict::Breaking) == said.is_empty() {
        return Err(format!("the verdict is {verdict:?}, but rustc says: {said}\n{report:#?}"));
    }
    match &case.rustc {
        Some(expected) if said.contains(&numbered(expected, pair.number)) => {}
        None if said.is_empty() => {}
        expected => return Err(format!("rustc should say {expected:?}, and says: {said}")),
    }
    behaves_as_said(pair, verdict)
}

/// A program that compiles behaves differently only if what was generated is different, in the way that is meant.
fn behaves_as_said(pair: &Compared, verdict: Verdict) -> Result<(), String> {
    let Compared { case, old, new, number, .. } = pair;
    let (before, after) = (generated(&old.api), generated(&new.api));
    if let Some((lost, gained)) = &case.wire {
        let count = |text: &str, part: &str| text.matches(&numbered(part, *number)).count();
        let is_lost = lost.is_empty() || count(&before, lost) > count(&after, lost);
        let is_gained = gained.is_empty() || count(&after, gained) > count(&before, gained);
        if verdict != Verdict::BreakingBehaviour || !is_lost || !is_gained {
            return Err(format!("the verdict is {verdict:?}; lost: {is_lost}, gained: {is_gained}\n{after}"));
        }
    } else if verdict == Verdict::BreakingBehaviour {
        // What a status between 200 and 299 means is up to users: the SDK takes them all alike.
        let success = |loaded: &Loaded| loaded.api.operations.iter().map(|it| it.success.clone()).collect::<Vec<_>>();
        if success(old) == success(new) {
            return Err("behaves differently, but no `wire` says how".to_owned());
        }
    }
    Ok(())
}

#[test]
fn rustc_confirms_every_verdict() {
    let pairs = compared();
    assert!(pairs.len() >= 75, "{}", pairs.len());
    let sdk = Sdk::copy();
    let user = fixture("user.rs");
    let old = Library::of(&sdk, &load(&fixture("base.yaml")).api);
    assert_eq!(old.complaints(&user), "", "the program compiles against what it was written for");
    let new = Library::of(&sdk, &joined(pairs.iter().map(|pair| &pair.new)));

    let waiting = Mutex::new(pairs.iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(pair) = waiting.lock().unwrap().next() else { break };
                    if let Err(failure) = judged(pair, &new, &user) {
                        failures.lock().unwrap().push(format!("{}: {failure}", pair.case.name));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A verdict that is not needed would pass the test above as long as another one of its pair is.
#[test]
fn most_pairs_have_one_reason_to_break() {
    let breaking = |pair: &&Compared| pair.report.changes().any(|change| change.verdict == Verdict::Breaking);
    let pairs = compared();
    let (alone, together): (Vec<&Compared>, Vec<&Compared>) = pairs
        .iter()
        .filter(breaking)
        .partition(|pair| pair.report.changes().filter(|change| change.verdict == Verdict::Breaking).count() == 1);
    assert!(alone.len() >= 25 && together.len() <= 8, "{} alone, {} together", alone.len(), together.len());
}
