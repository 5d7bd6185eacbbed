//! The files of a specification. Each file is read once. Files outside of the specification's folder are not read.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::string::FromUtf8Error;

use super::problems::{FileId, Finding, Problems, Span};
use super::yaml::{self, Node};
use crate::diagnostic::{Place, Source, Sources, codes, slashed};

/// Maximum size of a file in bytes. All files of the official specification together have 110 KB.
const MAX_BYTES: u64 = 1 << 20;

/// A file that was read.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// The name in diagnostics and generated files.
    pub(super) name: String,
    /// The path relative to the specification's folder.
    pub(super) relative: PathBuf,
    pub(super) source: Source,
    /// `None` if the file is not valid YAML.
    pub(super) root: Option<Node>,
}

/// All files read so far.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The folder of the root file, without symbolic links.
    folder: PathBuf,
    /// The name of this folder in diagnostics.
    shown_folder: PathBuf,
    files: Vec<SourceFile>,
    /// The files by relative path; for unreadable files, the reason.
    by_path: BTreeMap<PathBuf, Result<FileId, String>>,
}

/// Reason why a file cannot be opened.
#[derive(Debug, PartialEq)]
pub(super) enum OpenError {
    /// The file is outside of the specification's folder.
    Outside,
    /// The file cannot be read, for the given reason.
    Unreadable(String),
}

impl Files {
    /// Creates an empty list of files for the specification with the root file `path`. Diagnostics contain the path
    /// `shown` instead of `path`.
    pub(super) fn new(path: &Path, shown: &Path) -> Self {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self {
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            shown_folder: shown.parent().unwrap_or(Path::new("")).to_owned(),
            files: Vec::new(),
            by_path: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0)
    }

    /// Returns the line and column of a span. `None` if the span is in none of these files.
    pub(crate) fn place(&self, span: Span) -> Option<Place> {
        let file = self.get(span.file)?;
        Some(file.source.place(&file.name, span.start..span.end))
    }

    pub(super) fn names(&self) -> BTreeMap<FileId, String> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index), file.name.clone())).collect()
    }

    /// Returns the texts of all files by name.
    pub(crate) fn sources(&self) -> Sources {
        self.files.iter().map(|file| (file.name.clone(), file.source.clone())).collect()
    }

    /// Opens a file, given by its path relative to the specification's folder.
    ///
    /// Problems with the content are reported. The caller has to report a returned error, because only the caller knows
    /// the `$ref`.
    pub(super) fn open(&mut self, path: &Path, problems: &mut Problems) -> Result<FileId, OpenError> {
        let relative = normalized(path).ok_or(OpenError::Outside)?;
        if let Some(known) = self.by_path.get(&relative) {
            return known.clone().map_err(OpenError::Unreadable);
        }
        let path = self.folder.join(&relative);
        // Symbolic links may lead out of the folder too.
        if path.canonicalize().is_ok_and(|real| !real.starts_with(&self.folder)) {
            return Err(OpenError::Outside);
        }
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.by_path.insert(relative, Err(reason.clone()));
                return Err(OpenError::Unreadable(reason));
            }
        };
        let id = FileId(self.files.len());
        self.by_path.insert(relative.clone(), Ok(id));
        let (source, is_usable) = decode(id, bytes, problems);
        let root = if is_usable { yaml::parse(id, source.text(), problems) } else { None };
        self.add(relative, source, root);
        Ok(id)
    }

    /// Adds an empty file in place of a root file that cannot be read, so that problems have a file.
    pub(super) fn add_unreadable(&mut self, relative: &Path) -> FileId {
        self.add(relative.to_owned(), Source::new(String::new(), 0), None);
        FileId(self.files.len() - 1)
    }

    fn add(&mut self, relative: PathBuf, source: Source, root: Option<Node>) {
        let name = slashed(&self.shown_folder.join(&relative));
        self.files.push(SourceFile { name, relative, source, root });
    }

    /// Returns the YAML and JSON files in the specification's folder that were not opened, relative to this folder.
    /// Other specifications, and folders that contain one, are left out.
    pub(super) fn unused(&self) -> Vec<PathBuf> {
        // The folder may be any folder of the machine.
        const MAX_ENTRIES: usize = 2000;
        let is_document = |path: &Path| {
            path.extension().is_some_and(|it| ["yaml", "yml", "json"].iter().any(|extension| it == *extension))
        };
        let mut folders = vec![PathBuf::new()];
        let mut unused = Vec::new();
        let mut entries_left = MAX_ENTRIES;
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(self.folder.join(&folder)).into_iter().flatten().flatten();
            let entries: Vec<DirEntry> = entries.take(entries_left).collect();
            entries_left -= entries.len();
            let mut inner = Vec::new();
            let mut documents = Vec::new();
            for entry in entries.iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')) {
                let path = folder.join(entry.file_name());
                // Symbolic links are not followed, because they may form a loop.
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => inner.push(path),
                    Ok(kind) if kind.is_file() && is_document(&path) => documents.push(path),
                    _ => {}
                }
            }
            documents.retain(|path| !self.by_path.contains_key(path));
            let count = documents.len();
            documents.retain(|path| !self.is_root(path));
            if documents.len() == count || folder.as_os_str().is_empty() {
                unused.extend(documents);
                folders.extend(inner);
            }
        }
        unused.sort();
        unused
    }

    /// Returns true if a file is the root file of a specification.
    fn is_root(&self, path: &Path) -> bool {
        let bytes = read(&self.folder.join(path)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.lines().any(|line| line.trim_start_matches(['{', ' ', '\t', '"', '\'']).starts_with("swagger"))
    }

    /// Looks for a value with the key `key` that `is_right` accepts among the top-level values, the `definitions` and
    /// the `parameters` of all files. Returns its file, relative to the specification's folder, and its pointer.
    pub(super) fn search(&self, key: &str, is_right: impl Fn(&Node) -> bool) -> Option<(PathBuf, String)> {
        let opened = self.files.iter().filter_map(|file| Some((file.relative.clone(), file.root.clone()?)));
        let others = self.unused().into_iter().filter_map(|path| {
            let text = String::from_utf8(read(&self.folder.join(&path)).ok()?).ok()?;
            // Its problems are not those of the specification.
            Some((path, yaml::parse(FileId(usize::MAX), &text, &mut Problems::default())?))
        });
        opened.chain(others).find_map(|(path, root)| {
            let places = [Some(&root), root.get("definitions"), root.get("parameters")];
            let index = places.iter().position(|place| place.and_then(|it| it.get(key)).is_some_and(&is_right))?;
            Some((path, format!("{}/{key}", ["", "/definitions", "/parameters"][index])))
        })
    }

    /// Returns the names of the files in the folder of `path`, for suggestions.
    pub(super) fn names_beside(&self, path: &Path) -> Vec<String> {
        const MAX_NAMES: usize = 500;
        let folder = normalized(path).and_then(|path| self.folder.join(path).parent()?.canonicalize().ok());
        // A suggestion must not disclose the names of files outside of the specification's folder.
        let folder = folder.filter(|folder| folder.starts_with(&self.folder));
        let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.take(MAX_NAMES).filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let describe = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "the file does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    let metadata = fs::metadata(path).map_err(describe)?;
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(describe)?;
    Ok(bytes)
}

/// Decodes UTF-8. The second value is false if a problem was reported. The text is then shown with the problem, but
/// must not be parsed.
fn decode(id: FileId, bytes: Vec<u8>, problems: &mut Problems) -> (Source, bool) {
    const BYTE_ORDER_MARK: &str = "\u{feff}";
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("the file is larger than {MAX_BYTES} bytes");
        problems.error(codes::TOO_LARGE, Span::start_of(id), message, "split it into several files with `$ref`");
        return (Source::new(String::new(), 0), false);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return (report_invalid_utf8(id, &error, problems), false),
    };
    // A byte order mark is not part of the text, so that it does not count as a column.
    let source = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => Source::new(rest.to_owned(), BYTE_ORDER_MARK.len()),
        None => Source::new(text, 0),
    };
    (source, true)
}

/// Reports the first invalid byte. Returns the text with replacement characters, so that its line can be shown.
fn report_invalid_utf8(id: FileId, error: &FromUtf8Error, problems: &mut Problems) -> Source {
    let start = error.utf8_error().valid_up_to();
    let span = Span::new(id, start..start + char::REPLACEMENT_CHARACTER.len_utf8());
    let finding = Finding::error(codes::UNREADABLE_FILE, span, "the file is not valid UTF-8");
    problems.report(finding.help("save the file as UTF-8").label("invalid byte"));
    Source::new(String::from_utf8_lossy(error.as_bytes()).into_owned(), 0)
}

/// Returns the path without `.` and `..`. `None` if it leads out of the folder or is absolute.
fn normalized(path: &Path) -> Option<PathBuf> {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => result.push(name),
            Component::ParentDir if result.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalized_rejects_paths_out_of_the_folder() {
        assert_eq!(normalized(Path::new("./a/../b.yaml")), Some("b.yaml".into()));
        assert_eq!(normalized(Path::new("../b.yaml")), None);
        assert_eq!(normalized(Path::new("a/../../b.yaml")), None);
        assert_eq!(normalized(Path::new("/etc/passwd")), None);
    }

    #[cfg(unix)]
    #[test]
    fn open_rejects_symbolic_links_out_of_the_folder() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.yaml"), "a: 1\n").unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.yaml"), folder.path().join("link.yaml")).unwrap();
        let mut files = Files::new(&folder.path().join("api.yaml"), Path::new("api.yaml"));
        let opened = files.open(Path::new("link.yaml"), &mut Problems::default());
        assert_eq!(opened, Err(OpenError::Outside));
    }
}
