//! Whatever the bytes of a specification are: an answer, with every place within its file.
//!
//! A line that begins with `%%% ` starts another file, of the name that follows.

#![no_main]

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in(memory()).expect("a folder can be made");
    for (name, content) in files(bytes) {
        fs::write(folder.path().join(name), content).expect("a file can be written");
    }
    let diagnosis = qingstor_codegen::diagnose(&folder.path().join("api.yaml"), folder.path());
    for problem in &diagnosis.problems {
        let places = problem.related.iter().map(|related| &related.place);
        let replaced = problem.suggestion.iter().map(|suggestion| &suggestion.place);
        for place in places.chain(replaced).chain([&problem.place]) {
            let text = diagnosis.sources.get(&place.file).expect("its file is known").text();
            let lines = text.split('\n').count();
            assert!(1 <= place.line && place.line <= place.end_line && place.end_line <= lines, "{problem:?}");
            let length = text.split('\n').nth(place.line - 1).map_or(0, |line| line.chars().count());
            assert!(1 <= place.column && place.column <= length + 1, "{problem:?}");
        }
    }
    assert!(!diagnosis.drawn().contains('\u{1b}'));
});

/// Writing thousands of files a second is nothing for a disk.
fn memory() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new("/tmp") }
}

fn files(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("api.yaml".to_owned(), Vec::new())];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"%%% ") {
            Some(name) if files.len() < 5 => files.push((plain(name), Vec::new())),
            _ => files.last_mut().expect("there is a first one").1.extend_from_slice(line),
        }
    }
    files
}

/// A name that stays in the folder.
fn plain(name: &[u8]) -> String {
    let name: String = name.iter().filter(|byte| byte.is_ascii_lowercase()).map(|byte| char::from(*byte)).collect();
    format!("{}.yaml", &name[..name.len().min(20)])
}
