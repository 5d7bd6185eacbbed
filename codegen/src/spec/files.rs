//! The files of a specification: read once each, never from outside of its folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::string::FromUtf8Error;

use super::characters;
use super::node::{EqualKey, Node};
use super::parse;
use super::problems::{FileId, Finding, Problems, Span};
use crate::diagnostic::{Source, Sources, codes, slashed};

/// No file of a specification has to be longer: the official one, all files together, has 110 KB.
const MAX_BYTES: u64 = 1 << 20;

/// One file.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// As diagnostics and generated files name it.
    pub(super) name: String,
    /// Relative to the specification's folder.
    pub(super) relative: PathBuf,
    pub(super) source: Source,
    /// `None` where the text could not be read as YAML.
    pub(super) root: Option<Node>,
}

/// All files read so far.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The folder of the root file, without symbolic links.
    folder: PathBuf,
    /// The same as diagnostics name it.
    shown: PathBuf,
    files: Vec<SourceFile>,
    by_path: BTreeMap<PathBuf, Option<FileId>>,
}

/// Why there is no such file for a `$ref`.
#[derive(Debug, PartialEq)]
pub(super) enum NoFile {
    /// It would lie outside of the folder.
    Outside,
    /// It cannot be read, and why.
    Unreadable(String),
    /// It could not be read when it was wanted before; that has been reported.
    Known,
}

impl Files {
    /// The files of the specification whose root file is `path`, which diagnostics call `shown`.
    pub(super) fn new(path: &Path, shown: &Path) -> Self {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self {
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            shown: shown.parent().unwrap_or(Path::new("")).to_owned(),
            files: Vec::new(),
            by_path: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0)
    }

    /// The name of a file as diagnostics print it.
    pub(super) fn name(&self, id: FileId) -> &str {
        self.get(id).map_or("", |file| &file.name)
    }

    /// The names of all files.
    pub(super) fn names(&self) -> BTreeMap<FileId, String> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index), file.name.clone())).collect()
    }

    /// The texts of all files, by name.
    pub(super) fn sources(&self) -> Sources {
        self.files.iter().map(|file| (file.name.clone(), file.source.clone())).collect()
    }

    /// Reads `wanted`, relative to the specification's folder, unless that has been done.
    ///
    /// What is wrong with the file's content is reported as a problem of the file; that there is no such file is for
    /// the caller to report, who knows which `$ref` wants it.
    pub(super) fn open(&mut self, wanted: &Path, problems: &mut Problems) -> Result<FileId, NoFile> {
        let relative = normalized(wanted).ok_or(NoFile::Outside)?;
        if let Some(known) = self.by_path.get(&relative) {
            return known.ok_or(NoFile::Known);
        }
        let path = self.folder.join(&relative);
        // A symbolic link is the way out that the path itself does not show.
        if path.canonicalize().is_ok_and(|real| !real.starts_with(&self.folder)) {
            return Err(NoFile::Outside);
        }
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.by_path.insert(relative, None);
                return Err(NoFile::Unreadable(reason));
            }
        };
        let id = FileId(self.files.len());
        self.by_path.insert(relative.clone(), Some(id));
        let name = slashed(&self.shown.join(&relative));
        let (source, root) = understand(id, bytes, problems);
        self.files.push(SourceFile { name, relative, source, root });
        Ok(id)
    }

    /// The names of what lies in the folder in which `wanted` was looked for.
    pub(super) fn beside(&self, wanted: &Path) -> Vec<String> {
        const MAX_NAMES: usize = 500;
        let folder = normalized(wanted).and_then(|it| self.folder.join(it).parent()?.canonicalize().ok());
        // As with files: nothing outside is looked at, not even its names.
        let folder = folder.filter(|folder| folder.starts_with(&self.folder));
        let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.take(MAX_NAMES).filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Remembers a root file that cannot be read, so that problems have something to name.
    pub(super) fn missing(&mut self, relative: &Path) -> FileId {
        let id = FileId(self.files.len());
        let name = slashed(&self.shown.join(relative));
        let source = Source::new(String::new(), 0);
        self.files.push(SourceFile { name, relative: relative.to_owned(), source, root: None });
        id
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|error| plain(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| plain(&error))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| plain(&error))?;
    Ok(bytes)
}

/// The message of the operating system, without its number.
fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read (permission denied)".to_owned(),
        _ => error.to_string(),
    }
}

fn understand(id: FileId, bytes: Vec<u8>, problems: &mut Problems) -> (Source, Option<Node>) {
    const BYTE_ORDER_MARK: &str = "\u{feff}";
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("the file is longer than {MAX_BYTES} bytes");
        problems.error(codes::TOO_LARGE, Span::start(id), message, "split it into several files by `$ref`");
        return (Source::new(String::new(), 0), None);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return (not_utf8(id, &error, problems), None),
    };
    // What some editors put in front of everything is no part of the text, nor of any column.
    let source = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => Source::new(rest.to_owned(), BYTE_ORDER_MARK.len()),
        None => Source::new(text, 0),
    };
    let root = match parse::parse(source.text()) {
        Ok(parsed) => {
            report_equal_keys(id, &parsed.equal_keys, problems);
            characters::check(id, &parsed.root, problems);
            Some(parsed.root)
        }
        Err(fault) => {
            let mut finding = Finding::error(fault.code, Span::text(id, &fault.at), fault.message).help(fault.help);
            if let Some(label) = fault.label {
                finding = finding.label(label);
            }
            if let Some((at, label)) = fault.begun {
                finding = finding.related(Span::text(id, &at), label);
            }
            problems.report(finding);
            None
        }
    };
    (source, root)
}

/// Reports the first byte that belongs to no character. The text is for showing the line: what cannot be read
/// appears as replacement characters.
fn not_utf8(id: FileId, error: &FromUtf8Error, problems: &mut Problems) -> Source {
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let start = error.utf8_error().valid_up_to();
    let bytes = start..start + char::REPLACEMENT_CHARACTER.len_utf8();
    let finding = Finding::error(codes::UNREADABLE_FILE, Span::text(id, &bytes), "the file is not UTF-8");
    problems.report(finding.help("save it as UTF-8").label("no character of UTF-8 begins here"));
    Source::new(text, 0)
}

fn report_equal_keys(id: FileId, keys: &[EqualKey], problems: &mut Problems) {
    for equal in keys {
        let message = format!("the key `{}` stands here a second time", equal.key);
        let finding = Finding::error(codes::DUPLICATE_KEY, Span::node(id, equal.again), message);
        problems.report(finding.help("keep one of them").related(Span::node(id, equal.first), "the first is here"));
    }
}

/// The path without `.` and `..`; `None` where it leads out of the folder or is not relative.
fn normalized(path: &Path) -> Option<PathBuf> {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => result.push(name),
            Component::ParentDir => {
                if !result.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_of_the_folder() {
        assert_eq!(normalized(Path::new("./a/../b.yaml")), Some("b.yaml".into()));
        assert_eq!(normalized(Path::new("../b.yaml")), None);
        assert_eq!(normalized(Path::new("a/../../b.yaml")), None);
        assert_eq!(normalized(Path::new("/etc/passwd")), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_does_not_lead_out() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.yaml"), "a: 1\n").unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.yaml"), folder.path().join("link.yaml")).unwrap();
        let mut files = Files::new(&folder.path().join("api.yaml"), Path::new("api.yaml"));
        let opened = files.open(Path::new("link.yaml"), &mut Problems::default());
        assert_eq!(opened, Err(NoFile::Outside));
    }
}
