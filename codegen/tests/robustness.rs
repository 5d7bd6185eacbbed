//! Whatever a specification's bytes are: problems, never a panic, and soon.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Pseudo-random numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// What is put into texts: what YAML and the dialect give a meaning to.
const PIECES: [&str; 24] = [
    "\n",
    " ",
    "  ",
    ":",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "!t ",
    "\"",
    "'",
    "|",
    "#",
    "$ref: ",
    "null",
    "-1",
    "99999999999999999999999",
    "\u{feff}",
    "---\n",
    "\0",
];

fn mutated(text: &str, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        match numbers.below(4) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].bytes())),
            2 => {
                let end = (at + numbers.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ if !bytes.is_empty() => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
            _ => {}
        }
    }
    bytes
}

fn texts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/faulty");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

#[test]
fn damaged_specifications_give_problems_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    let mut numbers = Numbers(7);
    let texts = texts();
    let rounds = std::env::var("QINGSTOR_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    for round in 0..rounds {
        for text in &texts {
            let bytes = mutated(text, &mut numbers);
            fs::write(&path, &bytes).unwrap();
            let started = Instant::now();
            let _loaded = qingstor_codegen::load(&path, folder.path());
            let took = started.elapsed();
            assert!(took < Duration::from_secs(5), "{round}: {took:?} for {}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn very_many_problems_are_counted_in_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    let unknown: String = (0..20_000).map(|number| format!("unknown{number}: 1\n")).collect();
    fs::write(&path, format!("swagger: \"2.0\"\ninfo: {{title: T, version: \"1\"}}\npaths: {{}}\n{unknown}")).unwrap();
    let started = Instant::now();
    let problems = qingstor_codegen::load(&path, folder.path()).unwrap_err();
    assert_eq!(problems.len(), 500);
    assert!(problems.last().unwrap().help.contains("and 19500 more problems"), "{:?}", problems.last());
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn one_long_file_referred_to_many_times_is_read_a_bounded_number_of_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    let names = (0..20_000).map(|number| format!("  /?n{number}: {{$ref: item.yaml}}\n")).collect::<String>();
    fs::write(&path, format!("swagger: \"2.0\"\ninfo: {{title: T, version: \"1\"}}\npaths:\n{names}")).unwrap();
    let headers = (0..10_000).map(|number| format!("        H{number}: {{type: string}}\n")).collect::<String>();
    let item = format!("get:\n  operationId: Get\n  responses:\n    200:\n      headers:\n{headers}");
    fs::write(folder.path().join("item.yaml"), item).unwrap();
    let started = Instant::now();
    let problems = qingstor_codegen::load(&path, folder.path()).unwrap_err();
    assert!(problems.iter().any(|problem| problem.code == "too-large"));
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn long_chains_and_deep_nesting_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    let head = "swagger: \"2.0\"\ninfo: {title: T, version: \"1\"}\n\
                paths: {/: {get: {operationId: Get, responses: {200: {schema: {$ref: \"#/definitions/d0\"}}}}}}\n\
                definitions:\n";
    let next = |number: usize| format!("{{$ref: \"#/definitions/d{}\"}}", number + 1);
    let objects = |number: usize| format!("{{type: object, properties: {{inner: {}}}}}", next(number));
    let arrays = |number: usize| format!("{{type: array, items: {}}}", next(number));
    let shapes: [&dyn Fn(usize) -> String; 3] = [&objects, &arrays, &next];
    for (index, shape) in shapes.into_iter().enumerate() {
        let definitions: String = (0..5000).map(|number| format!("  d{number}: {}\n", shape(number))).collect();
        fs::write(&path, format!("{head}{definitions}  d5000: {{type: string}}\n")).unwrap();
        let loaded = qingstor_codegen::load(&path, folder.path());
        assert_eq!(loaded.is_ok(), index == 0, "{index}: only objects may nest this deep");
    }
}
