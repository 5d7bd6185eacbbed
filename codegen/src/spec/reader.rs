//! The state of reading a specification.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::document::SchemaId;
use super::files::Files;
use super::problems::{FileId, Problems, Span};
use super::table::Located;
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
    pub(super) names: BTreeMap<SchemaId, String>,
    /// Those of them that are still to be read. They are not read at once: definitions may refer to each other in
    /// circles, and in chains longer than any stack.
    pub(super) pending: VecDeque<(SchemaId, Located)>,
    /// How many schemas, parameters and responses were read.
    pub(super) parts: usize,
    /// The keys of the shared parameters that were listed.
    pub(super) used_parameters: BTreeSet<String>,
    /// True if some of those that were listed could not be read.
    pub(super) lacks_parameters: bool,
}

/// A specification may have this many schemas, parameters and responses, those that are used twice counted twice:
/// a short one whose paths all refer to one long file could otherwise take hours. The official one has about 1000.
const MAX_PARTS: usize = 100_000;

/// The end of a chain of `$ref`s.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    /// The value that is meant.
    pub(super) at: Located,
    /// The name under which the root file has it in `definitions` or `parameters`, if it does.
    pub(super) root_key: Option<(String, String)>,
    /// The last segment of the last `$ref`.
    pub(super) name: Option<String>,
    /// The first `description` beside a `$ref`.
    pub(super) description: Option<String>,
}

impl Reader {
    /// Counts a schema, parameter or response; says whether it is to be read.
    pub(super) fn next_part(&mut self) -> bool {
        self.parts += 1;
        if self.parts == MAX_PARTS {
            let message = "the specification has more parts than any that this program was made for";
            let help = "is one long file referred to many times?";
            self.problems.error(codes::TOO_LARGE, Span::start(self.root), message, help);
        }
        self.parts < MAX_PARTS
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
}
