//! Following `$ref`.

use std::path::{Path, PathBuf};

use super::files::NoFile;
use super::node::Value;
use super::problems::{FileId, Finding, Span};
use super::reader::{Followed, Reader};
use super::suggest::{Advice, instead_of, similar_to};
use super::table::Located;
use crate::diagnostic::codes;

/// A chain this long leads nowhere.
const MAX_CHAIN: usize = 32;

impl Reader {
    /// The value that `at` means: itself, or what its `$ref`s lead to. `None` once a problem has been reported.
    pub(super) fn follow(&mut self, at: Located) -> Option<Followed> {
        let mut followed = Followed { at, root_key: None, name: None, description: None };
        let mut chain: Vec<(Span, String)> = Vec::new();
        while let Some(target) = followed.at.get("$ref") {
            self.check_siblings(&followed);
            if let Some(Value::Text(text)) = followed.at.get("description").map(|it| it.node.value) {
                followed.description.get_or_insert(text.to_string());
            }
            let text = target.text("`$ref`", &mut self.problems)?;
            if let Some(start) = chain.iter().position(|(span, _)| *span == text.span) {
                self.report_loop(&chain[start..]);
                return None;
            }
            if chain.len() == MAX_CHAIN {
                let message = format!("`$ref: {}` begins a chain of more than {MAX_CHAIN} `$ref`s", chain[0].1);
                self.problems.error(codes::BAD_REF, chain[0].0, message, "refer to the last of them");
                return None;
            }
            chain.push((text.span, text.value.clone()));
            self.step(&mut followed, &text.value, &chain)?;
        }
        Some(followed)
    }

    /// Takes one step along `reference`, the last of `chain`.
    fn step(&mut self, followed: &mut Followed, reference: &str, chain: &[(Span, String)]) -> Option<()> {
        let (&(span, _), before) = chain.split_last()?;
        let (file_part, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        if file_part.contains("://") || file_part.contains('\\') || file_part.contains('\0') {
            let message = format!("`$ref: {reference}` is not a path relative to this file");
            let help = "write `./file.yaml`, `./file.yaml#/key` or `#/key`, with `/` between folders";
            self.problems.error(codes::BAD_REF, span, message, help);
            return None;
        }
        if !pointer.is_empty() && !pointer.starts_with('/') {
            let message = format!("what follows `#` in `$ref: {reference}` has to begin with `/`");
            let right = format!("#/{pointer}");
            let help = Advice::swap(format!("write `{file_part}{right}`"), format!("#{pointer}"), right);
            self.problems.error(codes::BAD_REF, span, message, help);
            return None;
        }
        if file_part.is_empty() && pointer.is_empty() {
            let message = format!("`$ref: \"{reference}\"` refers to the file that it stands in");
            self.problems.error(codes::BAD_REF, span, message, "write `./file.yaml`, `./file.yaml#/key` or `#/key`");
            return None;
        }
        let segments: Vec<String> = segments(pointer);
        let (file, found) = if file_part.is_empty() {
            self.find_here_or_in_root(span.file, &segments)
        } else {
            let file = self.open(file_part, reference, span, before)?;
            (file, self.find(file, &segments))
        };
        match found {
            Ok(at) => {
                if let (true, [section, key]) = (file == self.root, &segments[..]) {
                    followed.root_key = Some((section.clone(), key.clone()));
                }
                followed.name = segments.last().cloned().or_else(|| self.stem(file));
                followed.at = at;
                Some(())
            }
            Err(missing) => {
                self.report_missing(reference, span, file, &missing, before);
                None
            }
        }
    }

    /// `#/…` in a file other than the root is looked up there first, then in the root.
    fn find_here_or_in_root(&self, here: FileId, segments: &[String]) -> (FileId, Result<Located, Missing>) {
        match self.find(here, segments) {
            // What exists here to a greater depth is what was meant, also for the message.
            Err(here_missing) if here != self.root => match self.find(self.root, segments) {
                Err(root_missing) if here_missing.depth > root_missing.depth => (here, Err(here_missing)),
                in_root => (self.root, in_root),
            },
            found => (here, found),
        }
    }

    fn find(&self, file: FileId, segments: &[String]) -> Result<Located, Missing> {
        let Some(root) = self.files.get(file).and_then(|source| source.root.clone()) else {
            return Err(Missing { depth: 0, parent: String::new(), segment: None, known: Vec::new(), within: None });
        };
        let mut at = Located { file, node: root };
        let mut within = at.span();
        for (depth, segment) in segments.iter().enumerate() {
            let next = match &at.node.value {
                Value::List(items) => segment
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|item| Located { file, node: item.clone() }),
                _ => at.get(segment),
            };
            let key = match &at.node.value {
                Value::Map(map) => map.get(segment.as_str()).map(|entry| Span::node(file, entry.key_id)),
                _ => next.as_ref().map(Located::span),
            };
            at = next.ok_or_else(|| {
                let known = match &at.node.value {
                    Value::Map(map) => map.values().map(|entry| entry.key.to_string()).collect(),
                    _ => Vec::new(),
                };
                let parent = match segments.get(..depth).unwrap_or_default() {
                    [] => "the top level".to_owned(),
                    found => format!("`{}`", found.join("/")),
                };
                Missing { depth, parent, segment: Some(segment.clone()), known, within: Some(within) }
            })?;
            within = key.unwrap_or(within);
        }
        Ok(at)
    }

    /// The file that a `$ref` names, relative to the file in which it stands.
    fn open(&mut self, file_part: &str, reference: &str, span: Span, before: &[(Span, String)]) -> Option<FileId> {
        let folder = self.files.get(span.file).and_then(|file| file.relative.parent()).unwrap_or(Path::new(""));
        let wanted: PathBuf = folder.join(file_part);
        match self.files.open(&wanted, &mut self.problems) {
            Ok(file) => Some(file),
            Err(NoFile::Outside) => {
                let message = format!("`$ref: {reference}` leads out of the specification's folder");
                let help = "a specification consists of the files beside and below its root file";
                let finding = Finding::error(codes::REF_OUTSIDE, span, message).help(help);
                self.problems.report(referred_to(finding, before));
                None
            }
            Err(NoFile::Unreadable(reason)) => {
                let message = format!("`$ref: {reference}`: {reason}");
                let finding = Finding::error(codes::REF_NOT_FOUND, span, message);
                let finding = finding.help(self.other_file(&wanted));
                self.problems.report(referred_to(finding.label(reason), before));
                None
            }
            Err(NoFile::Known) => {
                let message = format!("`$ref: {reference}`: there is no such file, or it cannot be read");
                self.problems.error(codes::REF_NOT_FOUND, span, message, self.other_file(&wanted));
                None
            }
        }
    }

    /// Advice for a path where no file is.
    fn other_file(&self, wanted: &Path) -> Advice {
        let name = wanted.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match similar_to(&name, &self.files.beside(wanted)) {
            Some(other) if other != name => Advice::swap(format!("did you mean `{other}`?"), name, other),
            _ => "the path is relative to the file in which the `$ref` stands".into(),
        }
    }

    fn check_siblings(&mut self, followed: &Followed) {
        let Value::Map(map) = &followed.at.node.value else { return };
        for entry in map.values().filter(|entry| !matches!(&*entry.key, "$ref" | "description")) {
            let message = format!("the key `{}` stands beside `$ref`, where it means nothing", entry.key);
            let help = "move it to where the `$ref` leads, or remove it; only `description` may stand beside `$ref`";
            self.problems.error(codes::REF_SIBLING, Span::node(followed.at.file, entry.key_id), message, help);
        }
    }

    fn report_missing(
        &mut self,
        reference: &str,
        span: Span,
        file: FileId,
        missing: &Missing,
        before: &[(Span, String)],
    ) {
        // A file that is no YAML has its own problem.
        let Some(segment) = &missing.segment else { return };
        let name = self.files.name(file);
        let message = format!("`$ref: {reference}` leads to nothing: {} of {name} has no `{segment}`", missing.parent);
        let help = instead_of(segment, &missing.known, "what it has are").or("add it, or correct the `$ref`");
        let mut finding = Finding::error(codes::REF_NOT_FOUND, span, message).help(help);
        if let Some(within) = missing.within {
            finding = finding.related(within, format!("`{segment}` is not in here"));
        }
        self.problems.report(referred_to(finding, before));
    }

    /// Reports a loop once, from whichever of its members it was entered.
    fn report_loop(&mut self, members: &[(Span, String)]) {
        let Some(first) = (0..members.len()).min_by_key(|&index| members[index].0) else { return };
        let (before, after) = members.split_at(first);
        let round: Vec<&str> = after.iter().chain(before).map(|(_, text)| text.as_str()).collect();
        let message = format!("these `$ref`s lead to each other and nowhere else: {}", round.join(" → "));
        let help = "one of them has to lead to a description";
        let mut finding = Finding::error(codes::REF_LOOP, members[first].0, message).help(help);
        for (span, _) in after.iter().skip(1).chain(before) {
            finding = finding.related(*span, "and on from here");
        }
        self.problems.report(finding);
    }

    fn stem(&self, file: FileId) -> Option<String> {
        let stem = self.files.get(file)?.relative.file_stem()?;
        Some(stem.to_string_lossy().into_owned())
    }
}

/// Where a pointer ends too early.
#[derive(Debug)]
struct Missing {
    /// How many segments were found.
    depth: usize,
    /// What those lead to.
    parent: String,
    /// The one that was not; `None` where the file has no content at all.
    segment: Option<String>,
    /// What there is in its place.
    known: Vec<String>,
    /// The key of the map that does not have it.
    within: Option<Span>,
}

/// Says how a place was reached that the reader may not have in mind.
fn referred_to(finding: Finding, before: &[(Span, String)]) -> Finding {
    before.iter().fold(finding, |finding, (span, _)| finding.related(*span, "referred to from here"))
}

/// The segments of a JSON pointer.
fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_fall_into_segments() {
        assert_eq!(segments(""), Vec::<String>::new());
        assert_eq!(segments("/definitions/owner"), ["definitions", "owner"]);
        assert_eq!(segments("/paths/~1{bucketName}"), ["paths", "/{bucketName}"]);
        assert_eq!(segments("/a~01"), ["a~1"]);
    }
}
