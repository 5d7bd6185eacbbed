//! The root file, and from there all files that `$ref`s lead to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::document::{Document, NamedSchema};
use super::files::{Files, NoFile};
use super::locate::{self, locate};
use super::node::Value;
use super::problems::{Problems, Span, Spanned};
use super::reader::Reader;
use super::schema::Role;
use super::table::{Located, Table, texts};
use crate::diagnostic::codes;

/// A specification with its problems.
#[derive(Debug)]
pub struct Reading {
    /// The specification, as far as it could be read.
    pub document: Document,
    /// Its problems.
    pub problems: Problems,
    files: Files,
}

impl Reading {
    /// The problems in the order of their places, and the files in which they are.
    pub(crate) fn located(self) -> (locate::Located, Files) {
        let located = locate(self.problems, &self.files);
        (located, self.files)
    }
}

/// Reads the specification whose root file is `path`, which diagnostics are to call `shown`.
pub fn read(path: &Path, shown: &Path) -> Reading {
    let mut files = Files::new(path, shown);
    let mut problems = Problems::default();
    let root_name = Path::new(path.file_name().unwrap_or_default());
    let root = match files.open(root_name, &mut problems) {
        Ok(root) => root,
        Err(fault) => {
            let root = files.missing(root_name);
            let reason = match fault {
                NoFile::Unreadable(reason) => reason,
                NoFile::Outside | NoFile::Known => "it is a symbolic link to another folder".to_owned(),
            };
            let message = format!("the specification cannot be read: {reason}");
            let help = "name the root file of a specification, such as api.yaml";
            problems.error(codes::UNREADABLE_FILE, Span::start(root), message, help);
            root
        }
    };
    let mut reader = Reader {
        files,
        problems,
        root,
        consumes: Vec::new(),
        names: BTreeMap::new(),
        pending: VecDeque::new(),
        parts: 0,
        used_parameters: BTreeSet::new(),
        lacks_parameters: false,
    };
    let mut document = Document::default();
    reader.root_file(&mut document);
    reader.schemas(&mut document);
    document.file_names = reader.files.names();
    document.lacks_parameters = reader.lacks_parameters;
    document.used_parameters = std::mem::take(&mut reader.used_parameters);
    Reading { document, problems: reader.problems, files: reader.files }
}

/// The keys of the root file.
const ROOT_KEYS: [&str; 11] = [
    "swagger",
    "info",
    "schemes",
    "host",
    "basePath",
    "paths",
    "parameters",
    "definitions",
    "consumes",
    "produces",
    "tags",
];

impl Reader {
    fn root_file(&mut self, document: &mut Document) {
        let Some(node) = self.files.get(self.root).and_then(|file| file.root.clone()) else { return };
        let at = Located { file: self.root, node };
        if at.node.value == Value::Null {
            let help = "a specification begins with `swagger: \"2.0\"`, `info` and `paths`";
            self.problems.error(codes::EMPTY_FILE, Span::start(self.root), "the specification is empty", help);
            return;
        }
        let Some(table) = Table::open(&at, "the specification", &mut self.problems) else { return };
        table.only(&ROOT_KEYS, &mut self.problems);
        self.swagger(&table);
        self.info(&table, document);
        for key in ["host", "basePath"] {
            let _ignored = table.text(key, &mut self.problems);
        }
        for key in ["schemes", "produces"] {
            let _ignored = table.texts(key, &mut self.problems);
        }
        self.consumes = table.texts("consumes", &mut self.problems).map(texts).unwrap_or_default();
        // Definitions first: their keys here are the names of what other files refer to.
        self.definitions(&table, document);
        self.shared_parameters(&table, document);
        if table.require("paths", &mut self.problems) {
            document.paths = self.paths(&table);
        }
    }

    fn swagger(&mut self, table: &Table) {
        let Some(version) = table.required_text("swagger", &mut self.problems) else { return };
        if version.value != "2.0" {
            let message = format!("`swagger: {}` is not a version that this program knows", version.value);
            self.problems.error(codes::UNKNOWN_VALUE, version.span, message, "write `swagger: \"2.0\"`");
        }
    }

    fn info(&mut self, table: &Table, document: &mut Document) {
        if !table.require("info", &mut self.problems) {
            return;
        }
        let Some(at) = table.get("info") else { return };
        let Some(info) = Table::open(&at, "`info`", &mut self.problems) else { return };
        info.only(&["title", "version", "description", "termsOfService", "license", "contact"], &mut self.problems);
        let text = |text: Option<Spanned<String>>| text.map(|text| text.value).unwrap_or_default();
        document.title = text(info.required_text("title", &mut self.problems));
        document.version = text(info.required_text("version", &mut self.problems));
        for key in ["description", "termsOfService"] {
            let _ignored = info.text(key, &mut self.problems);
        }
        for (key, known) in [("license", &["name", "url"][..]), ("contact", &["name", "url", "email"])] {
            let Some(at) = info.get(key) else { continue };
            if let Some(part) = Table::open(&at, format!("`{key}` of `info`"), &mut self.problems) {
                part.only(known, &mut self.problems);
            }
        }
    }

    fn definitions(&mut self, table: &Table, document: &mut Document) {
        let Some(at) = table.get("definitions") else { return };
        let Some(definitions) = Table::open(&at, "`definitions`", &mut self.problems) else { return };
        for (name, at) in definitions.entries() {
            if let Some(mut followed) = self.follow(at) {
                followed.root_key.get_or_insert(("definitions".to_owned(), name.value.clone()));
                document.definitions.push((name, self.name_schema(followed)));
            }
        }
    }

    /// Parameters are read where they are used; here, those that nothing uses are read, too.
    fn shared_parameters(&mut self, table: &Table, document: &mut Document) {
        let Some(at) = table.get("parameters") else { return };
        let Some(parameters) = Table::open(&at, "`parameters`", &mut self.problems) else { return };
        for (name, at) in parameters.entries() {
            document.shared_parameters.push((name.value, name.span));
            let _read = self.parameter(at);
        }
    }

    fn schemas(&mut self, document: &mut Document) {
        while let Some((id, at)) = self.pending.pop_front() {
            let name = self.names.get(&id).cloned().unwrap_or_default();
            let what = format!("definition `{name}`");
            if let Some(table) = Table::open(&at, what, &mut self.problems) {
                let schema = self.schema(&table, Role::Schema);
                document.schemas.insert(id, NamedSchema { name, schema });
            }
        }
    }
}
