//! Tests that the generator never panics and takes bounded time, whatever bytes a specification contains.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use qingstor_codegen::diagnostic::Severity;
use qingstor_codegen::{Diagnosis, diagnose};

/// A generator of pseudo-random numbers with a fixed seed, so that every run is the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// Texts with a meaning in YAML or in the dialect, to insert into specifications.
const TOKENS: [&str; 24] = [
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
            1 => drop(bytes.splice(at..at, TOKENS[numbers.below(TOKENS.len())].bytes())),
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

/// Loads a specification and prints its problems. Checks the time, the length of the output, and every place.
fn diagnose_safely(root: &Path, folder: &Path, what: &str) -> Diagnosis {
    let started = Instant::now();
    let diagnosis = diagnose(root, folder);
    let drawn = diagnosis.drawn();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?} for {what}");
    assert!(drawn.len() < 20_000_000, "{} bytes are printed for {what}", drawn.len());
    assert!(!drawn.contains('\u{1b}'), "{what}");
    for problem in &diagnosis.problems {
        let related = problem.related.iter().map(|related| &related.place);
        let replaced = problem.suggestion.iter().map(|suggestion| &suggestion.place);
        for place in related.chain(replaced).chain([&problem.place]) {
            let text = diagnosis.sources.get(&place.file).unwrap().text();
            let lines: Vec<&str> = text.split('\n').collect();
            let is_within = |line: usize, column: usize| {
                (1..=lines.len()).contains(&line) && (1..=lines[line - 1].chars().count() + 1).contains(&column)
            };
            assert!(is_within(place.line, place.column), "{problem:?} of {what}");
            assert!(is_within(place.end_line, place.end_column), "{problem:?} of {what}");
            assert!((place.line, place.column) <= (place.end_line, place.end_column), "{problem:?} of {what}");
        }
        let place = &problem.place;
        let header = format!("--> {}:{}:{}\n", place.file, place.line, place.column);
        assert!(drawn.contains(&header), "{header} is missing in the output for {what}:\n{drawn}");
    }
    diagnosis
}

/// Returns the number of rounds. The default takes seconds; `QINGSTOR_FUZZ_ROUNDS` changes it.
fn rounds() -> usize {
    std::env::var("QINGSTOR_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10)
}

#[test]
fn damaged_fixtures_do_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    let mut numbers = Numbers(7);
    let texts = texts();
    for _ in 0..rounds() {
        for text in &texts {
            let bytes = mutated(text, &mut numbers);
            fs::write(&path, &bytes).unwrap();
            diagnose_safely(&path, folder.path(), &String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn arbitrary_bytes_do_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    let mut numbers = Numbers(11);
    for _ in 0..rounds() * 20 {
        let length = numbers.below(300);
        let bytes: Vec<u8> = match numbers.below(3) {
            0 => (0..length).map(|_| u8::try_from(numbers.below(256)).unwrap()).collect(),
            1 => (0..length).map(|_| u8::try_from(9 + numbers.below(118)).unwrap()).collect(),
            _ => (0..length / 4).flat_map(|_| TOKENS[numbers.below(TOKENS.len())].bytes()).collect(),
        };
        fs::write(&path, &bytes).unwrap();
        diagnose_safely(&path, folder.path(), &String::from_utf8_lossy(&bytes));
    }
}

/// Deletes, copies, swaps or indents lines, or combines keys and values of different lines.
fn edited(text: &str, numbers: &mut Numbers) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=numbers.below(3) {
        let (at, other) = (numbers.below(lines.len()), numbers.below(lines.len()));
        let split = |line: &str| line.split_once(": ").map(|(key, value)| (key.to_owned(), value.to_owned()));
        match (numbers.below(8), split(&lines[at]), split(&lines[other])) {
            (0, ..) => drop(lines.remove(at)),
            (1, ..) => lines.insert(other, lines[at].clone()),
            (2, ..) => lines.swap(at, other),
            (3, ..) => lines[at] = format!("  {}", lines[at]),
            (4, Some((key, _)), Some((_, value))) => lines[at] = format!("{key}: {value}"),
            (5, Some((_, value)), Some((key, _))) => lines[at] = format!("{key}: {value}"),
            (6, Some((key, value)), _) => {
                let depth = numbers.below(600);
                lines[at] = format!("{key}: {}{value}{}", "[".repeat(depth), "]".repeat(depth));
            }
            (7, Some((key, value)), Some((other_key, _))) => {
                lines[at] = format!("{key}: &x {value}");
                lines[other] = format!("{other_key}: *x");
            }
            (_, _, _) => lines[at].push('\t'),
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join(if numbers.below(4) == 0 { "\r\n" } else { "\n" })
}

#[test]
fn edited_specifications_of_qingstor_do_not_panic() {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/qingstor/2016-01-06");
    let folder = tempfile::tempdir().unwrap();
    let mut names: Vec<_> = fs::read_dir(&real).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in &names {
        fs::copy(real.join(name), folder.path().join(name)).unwrap();
    }
    let root = folder.path().join("api.yaml");
    let mut numbers = Numbers(13);
    for _ in 0..rounds() {
        for name in &names {
            let text = fs::read_to_string(real.join(name)).unwrap();
            let edited = edited(&text, &mut numbers);
            fs::write(folder.path().join(name), &edited).unwrap();
            diagnose_safely(&root, folder.path(), &edited);
            fs::write(folder.path().join(name), &text).unwrap();
        }
    }
}

#[test]
fn references_cannot_read_files_outside_of_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    let secret = "swagger: TOP-SECRET\nget: {operationId: TOP-SECRET}\n";
    fs::write(outside.path().join("secret.yaml"), secret).unwrap();
    let folder = outside.path().join("specification");
    fs::create_dir_all(folder.join("inner")).unwrap();
    fs::write(folder.join("inner/back.yaml"), "get: {$ref: \"../../secret.yaml#/get\"}\n").unwrap();
    let absolute = outside.path().join("secret.yaml");
    let absolute = absolute.to_str().unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(absolute, folder.join("link.yaml")).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.join("folder")).unwrap();
        std::os::unix::fs::symlink(folder.join("loop.yaml"), folder.join("loop.yaml")).unwrap();
    }
    let long = "a/".repeat(3000);
    for reference in [
        "../secret.yaml",
        "./inner/../../secret.yaml",
        "inner/back.yaml",
        "..\\\\secret.yaml",
        "%2e%2e/secret.yaml",
        "..%2fsecret.yaml",
        "file://../secret.yaml",
        &format!("file://{absolute}"),
        absolute,
        "//secret.yaml",
        "~/secret.yaml",
        "secret.yaml\\0",
        "../secret.yaml\\0.yaml",
        "link.yaml",
        "folder/secret.yaml",
        "folder/secrets.yaml",
        "loop.yaml",
        "/dev/zero",
        "/proc/self/environ",
        "http://127.0.0.1:9/secret.yaml",
        "../specification/../secret.yaml#/get",
        ".",
        "",
        "inner",
        &long,
    ] {
        let path = folder.join("api.yaml");
        let head = "swagger: \"2.0\"\ninfo: {title: T, version: \"1\"}\npaths:\n";
        fs::write(&path, format!("{head}  /: {{$ref: \"{reference}\"}}\n")).unwrap();
        let diagnosis = diagnose_safely(&path, &folder, reference);
        assert!(diagnosis.problems.iter().any(|problem| problem.severity == Severity::Error), "{reference}");
        let whole = format!("{diagnosis:?}");
        assert!(!whole.contains("TOP-SECRET"), "{reference}: {whole}");
        let read = diagnosis.sources.keys().any(|name| name.ends_with("secret.yaml") || name.contains("zero"));
        assert!(!read, "{reference}: {:?}", diagnosis.sources.keys());
        // The advice must not reveal names of files outside of the folder.
        assert!(!diagnosis.drawn().contains("did you mean `secret.yaml`"), "{reference}: {}", diagnosis.drawn());
    }
}

#[test]
fn messages_shorten_long_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    let long = "n".repeat(900);
    let nested = (0..50).fold("{type: nothing}".to_owned(), |inner, depth| {
        format!("{{type: object, properties: {{{long}{depth}: {inner}, other: {{type: none}}}}}}")
    });
    let head = "swagger: \"2.0\"\ninfo: {title: T, version: \"1\"}\npaths: {}\n";
    fs::write(&path, format!("{head}definitions: {{d: {nested}}}\n")).unwrap();
    let diagnosis = diagnose_safely(&path, folder.path(), "long names");
    assert!(diagnosis.problems.iter().all(|problem| problem.message.len() < 10_000));
    assert!(diagnosis.problems.len() > 50, "{}", diagnosis.problems.len());
}

#[test]
fn problems_after_the_first_500_are_only_counted() {
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
fn many_references_to_a_long_file_exceed_the_size_limit() {
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
fn long_chains_of_definitions_terminate() {
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
        assert_eq!(loaded.is_ok(), index == 0, "{index}: only objects can nest this deeply");
    }
}
