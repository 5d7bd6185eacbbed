//! Reads the root file and all files to which its `$ref`s lead.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;

use super::document::{Document, NamedSchema, SchemaId, Tag};
use super::files::{Files, OpenError};
use super::problems::{FileId, Problems, Span, Spanned};
use super::reference::Followed;
use super::schema::Role;
use super::table::Table;
use super::yaml::{Node, Value};
use crate::diagnostic::{codes, slashed};

/// A specification with its problems.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The specification. If there are problems, faulty parts are missing.
    pub(crate) document: Document,
    pub(crate) problems: Problems,
    pub(crate) files: Files,
}

/// Reads the specification with the root file `path`. Diagnostics contain the path `shown` in place of it.
pub(crate) fn read(path: &Path, shown: &Path) -> Reading {
    let mut files = Files::new(path, shown);
    let mut problems = Problems::default();
    let root_name = Path::new(path.file_name().unwrap_or_default());
    let root = files.open(root_name, &mut problems).unwrap_or_else(|error| {
        let reason = match error {
            OpenError::Unreadable(reason) => reason,
            OpenError::Outside => "it is a symbolic link to another folder".to_owned(),
        };
        let root = files.add_unreadable(root_name);
        let message = format!("cannot read the specification: {reason}");
        let help = "give the path of the root file of a specification, such as api.yaml";
        problems.error(codes::UNREADABLE_FILE, Span::start_of(root), message, help);
        root
    });
    let mut reader = Reader {
        files,
        problems,
        root,
        document: Document::default(),
        consumes: Vec::new(),
        known_schemas: BTreeSet::new(),
        pending_schemas: VecDeque::new(),
        parts: 0,
    };
    reader.root_file();
    reader.named_schemas();
    reader.document.file_names = reader.files.names();
    reader.document.unused_files = reader.files.unused().iter().map(|path| slashed(path)).collect();
    Reading { document: reader.document, problems: reader.problems, files: reader.files }
}

/// The state of reading a specification.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) files: Files,
    pub(super) problems: Problems,
    pub(super) root: FileId,
    /// The result so far.
    pub(super) document: Document,
    /// `consumes` of the root, for operations without their own.
    pub(super) consumes: Vec<String>,
    /// All schemas to which a `$ref` leads.
    known_schemas: BTreeSet<SchemaId>,
    /// The known schemas that are not read yet, with their names. They are not read recursively, because definitions
    /// may refer to each other in loops, or in chains that are long enough to overflow the stack.
    pending_schemas: VecDeque<(String, Node)>,
    /// Number of schemas, parameters and responses read so far.
    parts: usize,
}

/// Maximum number of schemas, parameters and responses. Each reference to one counts.
///
/// A short file with many paths that all refer to one long file could otherwise take hours. The official specification
/// has about 1,000.
const MAX_PARTS: usize = 100_000;

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
    /// Counts a schema, parameter or response. Returns false if it must not be read, because there are too many.
    pub(super) fn count_part(&mut self) -> bool {
        self.parts += 1;
        if self.parts == MAX_PARTS {
            let message = format!("the specification has more than {MAX_PARTS} schemas, parameters and responses");
            let help = "check whether many references lead to one long file";
            self.problems.error(codes::TOO_LARGE, Span::start_of(self.root), message, help);
        }
        self.parts < MAX_PARTS
    }

    /// Returns the id of a schema to which a `$ref` leads. If the schema is new, it is queued and read later.
    pub(super) fn queue_schema(&mut self, followed: Followed) -> SchemaId {
        let id = followed.node.span;
        if self.known_schemas.insert(id) {
            let name = followed.key_in("definitions").or(followed.name).unwrap_or_default();
            self.pending_schemas.push_back((name, followed.node));
        }
        id
    }

    fn root_file(&mut self) {
        let Some(root) = self.files.get(self.root).and_then(|file| file.root.clone()) else { return };
        if root.value == Value::Null {
            let help = "start with `swagger: \"2.0\"`, `info` and `paths`";
            self.problems.error(codes::EMPTY_FILE, Span::start_of(self.root), "the specification is empty", help);
            return;
        }
        let Some(table) = Table::open(&root, "the specification", &mut self.problems) else { return };
        table.allow_only(&ROOT_KEYS, &mut self.problems);
        self.swagger(&table);
        self.info(&table);
        for key in ["host", "basePath"] {
            let _ignored = table.text(key, &mut self.problems);
        }
        for key in ["schemes", "produces"] {
            let _ignored = table.texts(key, &mut self.problems);
        }
        let consumes = table.texts("consumes", &mut self.problems).unwrap_or_default();
        self.consumes = consumes.into_iter().map(|text| text.value).collect();
        self.tags(&table);
        // Definitions come first, because a schema in another file gets its name from the key that refers to it.
        self.definitions(&table);
        self.shared_parameters(&table);
        self.document.paths_key = Some(table.key_span("paths"));
        if table.require("paths", &mut self.problems) {
            self.document.paths = self.paths(&table);
        }
    }

    fn swagger(&mut self, root: &Table) {
        if root.get("openapi").is_some() {
            // It has been reported as an unknown key.
            return;
        }
        let Some(version) = root.required_text("swagger", &mut self.problems) else { return };
        if version.value != "2.0" {
            let message = format!("unsupported version `swagger: {}`", version.value);
            self.problems.error(codes::UNKNOWN_VALUE, version.span, message, "write `swagger: \"2.0\"`");
        }
    }

    fn info(&mut self, root: &Table) {
        root.require("info", &mut self.problems);
        let Some(info) = root.get("info").and_then(|node| Table::open(node, "`info`", &mut self.problems)) else {
            return;
        };
        info.allow_only(
            &["title", "version", "description", "termsOfService", "license", "contact"],
            &mut self.problems,
        );
        let text = |text: Option<Spanned<String>>| text.map(|text| text.value).unwrap_or_default();
        self.document.title = text(info.required_text("title", &mut self.problems));
        self.document.version = text(info.required_text("version", &mut self.problems));
        for key in ["description", "termsOfService"] {
            let _ignored = info.text(key, &mut self.problems);
        }
        for (key, known) in [("license", &["name", "url"][..]), ("contact", &["name", "url", "email"])] {
            if let Some(table) = info.table(key, &mut self.problems) {
                table.allow_only(known, &mut self.problems);
            }
        }
    }

    fn tags(&mut self, root: &Table) {
        let Some(tags) = root.list("tags", &mut self.problems) else { return };
        for node in tags.iter() {
            let Some(tag) = Table::open(node, "a tag", &mut self.problems) else { continue };
            tag.allow_only(&["name", "description", "externalDocs"], &mut self.problems);
            let Some(name) = tag.required_text("name", &mut self.problems) else { continue };
            let description = tag.text_or_empty("description", &mut self.problems);
            self.document.tags.push(Tag { name: name.value, description });
        }
    }

    fn definitions(&mut self, root: &Table) {
        let Some(definitions) = root.table("definitions", &mut self.problems) else { return };
        for (name, node) in definitions.entries() {
            if let Some(mut followed) = self.follow(node) {
                followed.root_key.get_or_insert(("definitions".to_owned(), name.value.clone()));
                let id = self.queue_schema(followed);
                self.document.definitions.push((name, id));
            }
        }
    }

    /// Reads the shared parameters, so that problems of unused ones are reported too.
    fn shared_parameters(&mut self, root: &Table) {
        let Some(parameters) = root.table("parameters", &mut self.problems) else { return };
        for (name, node) in parameters.entries() {
            self.document.shared_parameters.push((name.value, name.span));
            let _read_again_where_used = self.parameter(node);
        }
    }

    fn named_schemas(&mut self) {
        while let Some((name, node)) = self.pending_schemas.pop_front() {
            if let Some(table) = Table::open(&node, format!("definition `{name}`"), &mut self.problems) {
                let schema = self.schema(&table, Role::Schema);
                self.document.schemas.insert(node.span, NamedSchema { name, schema });
            }
        }
    }
}
