//! Reading a whole specification: its root file, and from there whatever `$ref`s lead to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::document::{Document, NamedSchema};
use super::files::{Files, NoFile};
use super::node::Value;
use super::paths::texts;
use super::problems::{FileId, Problems, Span};
use super::reference::Followed;
use super::schema::{Role, SchemaId};
use super::table::{Located, Table};
use crate::diagnostic::codes;

/// The state of reading.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) files: Files,
    pub(super) problems: Problems,
    /// The root file.
    pub(super) root: FileId,
    /// The root's `consumes`, for operations that have none of their own.
    pub(super) consumes: Vec<String>,
    /// The names of all schemas that `$ref`s lead to.
    names: BTreeMap<SchemaId, String>,
    /// Those of them that are still to be read. They are not read at once: definitions may refer to each other in
    /// circles, and in chains longer than any stack.
    pending: VecDeque<(SchemaId, Located)>,
    /// How many schemas, parameters and responses were read.
    parts: usize,
    /// The keys of the shared parameters that were listed.
    pub(super) used_parameters: BTreeSet<String>,
    /// Whether some of those that were listed could not be read.
    pub(super) lacks_parameters: bool,
}

/// A specification may have this many schemas, parameters and responses, those that are used twice counted twice:
/// a short one whose paths all refer to one long file could otherwise take hours. The official one has about 1000.
const MOST_PARTS: usize = 100_000;

/// What was read.
#[derive(Debug)]
pub struct Reading {
    /// The specification, as far as it could be read.
    pub document: Document,
    /// What is wrong with it.
    pub problems: Problems,
    files: Files,
}

impl Reading {
    /// The problems in the order of their places, and the files in which they are.
    pub(crate) fn located(self) -> (super::problems::Located, Files) {
        let located = self.problems.located(&self.files);
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

    /// Counts a schema, parameter or response; says whether it is to be read.
    pub(super) fn next_part(&mut self) -> bool {
        self.parts += 1;
        if self.parts == MOST_PARTS {
            let message = "the specification has more parts than any that this program was made for";
            let help = "is one long file referred to many times?";
            self.problems.error(codes::TOO_LARGE, Span::start(self.root), message, help);
        }
        self.parts < MOST_PARTS
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
        let text = |text: Option<super::problems::Spanned<String>>| text.map(|text| text.value).unwrap_or_default();
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

    /// The identity of a schema that a `$ref` leads to. It is read later.
    pub(super) fn name_schema(&mut self, followed: Followed) -> SchemaId {
        let id = (followed.at.file, followed.at.node.id);
        if let Entry::Vacant(entry) = self.names.entry(id) {
            let in_definitions = followed.root_key.filter(|(section, _)| section == "definitions").map(|(_, key)| key);
            entry.insert(in_definitions.or(followed.name).unwrap_or_default());
            self.pending.push_back((id, followed.at));
        }
        id
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
