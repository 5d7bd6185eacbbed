//! Loads arbitrary bytes as a specification. Loading must not panic, and every reported place must be inside its file.
//!
//! A line `%%% name` in the input starts another file with this name.

#![no_main]

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in(temporary_folder()).expect("cannot create a folder");
    for (name, content) in files(bytes) {
        fs::write(folder.path().join(name), content).expect("cannot write a file");
    }
    let diagnosis = qingstor_codegen::diagnose(&folder.path().join("api.yaml"), folder.path());
    for problem in &diagnosis.problems {
        let places = problem.related.iter().map(|related| &related.place);
        let replaced = problem.suggestion.iter().map(|suggestion| &suggestion.place);
        for place in places.chain(replaced).chain([&problem.place]) {
            let text = diagnosis.sources.get(&place.file).expect("the file of a place is unknown").text();
            let lines = text.split('\n').count();
            assert!(1 <= place.line && place.line <= place.end_line && place.end_line <= lines, "{problem:?}");
            let length = text.split('\n').nth(place.line - 1).map_or(0, |line| line.chars().count());
            assert!(1 <= place.column && place.column <= length + 1, "{problem:?}");
        }
    }
    assert!(!diagnosis.drawn().contains('\u{1b}'));
});

/// Returns a folder in memory if there is one, because the target writes thousands of files in each second.
fn temporary_folder() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new("/tmp") }
}

/// Splits the input into files.
fn files(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("api.yaml".to_owned(), Vec::new())];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"%%% ") {
            Some(name) if files.len() < 5 => files.push((safe_name(name), Vec::new())),
            _ => files.last_mut().expect("the list begins with api.yaml").1.extend_from_slice(line),
        }
    }
    files
}

/// Returns a file name without separators and dots, so that the file is inside the folder.
fn safe_name(name: &[u8]) -> String {
    let name: String = name.iter().filter(|byte| byte.is_ascii_lowercase()).map(|byte| char::from(*byte)).collect();
    format!("{}.yaml", &name[..name.len().min(20)])
}
