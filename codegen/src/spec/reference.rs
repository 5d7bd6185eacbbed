//! Follows `$ref`.

use std::path::Path;

use super::files::OpenError;
use super::problems::{FileId, Finding, Span, Spanned};
use super::reader::Reader;
use super::suggest::{Advice, instead_of, similar_to};
use super::yaml::{Node, Value};
use crate::diagnostic::{codes, slashed};

/// Maximum number of `$ref`s in a chain.
const MAX_CHAIN: usize = 32;

const SYNTAX: &str = "write `./file.yaml`, `./file.yaml#/key` or `#/key`";

/// The value at the end of a chain of `$ref`s.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    pub(super) node: Node,
    /// Section and key of the root file, such as `definitions` and `owner`, if the value is there.
    pub(super) root_key: Option<(String, String)>,
    /// The last segment of the last `$ref`. If the `$ref` is only a path, the name of the file without its extension.
    pub(super) name: Option<String>,
    /// The first `description` beside a `$ref`.
    pub(super) description: Option<String>,
}

impl Followed {
    /// Returns the key of the value in a section of the root file.
    pub(super) fn key_in(&self, section: &str) -> Option<String> {
        self.root_key.as_ref().filter(|(found, _)| found == section).map(|(_, key)| key.clone())
    }
}

/// The place at which a pointer does not lead further.
struct Missing {
    /// The last key that was found. Its value does not have the next segment.
    parent: Span,
    /// Number of segments that were found.
    depth: usize,
    /// The keys that exist in place of the missing one.
    known: Vec<String>,
}

impl Reader {
    /// Returns the node itself or, if it is a `$ref`, the value to which it leads. Problems are reported.
    pub(super) fn follow(&mut self, node: &Node) -> Option<Followed> {
        let mut followed = Followed { node: node.clone(), root_key: None, name: None, description: None };
        let mut chain: Vec<Spanned<String>> = Vec::new();
        while let Some(target) = followed.node.get("$ref") {
            let reference = target.text("`$ref`", &mut self.problems);
            self.check_siblings(&followed.node);
            if let Some(Value::Text(text)) = followed.node.get("description").map(|node| &node.value) {
                followed.description.get_or_insert(text.to_string());
            }
            let reference = reference?;
            if let Some(start) = chain.iter().position(|earlier| earlier.span == reference.span) {
                self.report_loop(&chain[start..]);
                return None;
            }
            if chain.len() == MAX_CHAIN {
                let message = format!("`$ref: {}` starts a chain of more than {MAX_CHAIN} `$ref`s", chain[0].value);
                self.problems.error(codes::BAD_REF, chain[0].span, message, "refer to the last one directly");
                return None;
            }
            self.follow_once(&mut followed, &reference, &chain)?;
            chain.push(reference);
        }
        Some(followed)
    }

    /// Follows one `$ref`. `earlier` are the references that led to it.
    fn follow_once(
        &mut self,
        followed: &mut Followed,
        reference: &Spanned<String>,
        earlier: &[Spanned<String>],
    ) -> Option<()> {
        let Spanned { value: text, span } = reference;
        let (path, pointer) = text.split_once('#').unwrap_or((text, ""));
        let fault = if path.contains("://") || path.contains(['\\', '\0']) {
            let help = format!("{SYNTAX}, with `/` between folders");
            Some((format!("`$ref: {text}` is not a relative path"), help.into()))
        } else if !pointer.is_empty() && !pointer.starts_with('/') {
            let help = format!("write `{path}#/{pointer}`");
            let help = Advice::swap(help, format!("#{pointer}"), format!("#/{pointer}"));
            Some((format!("missing `/` after `#` in `$ref: {text}`"), help))
        } else if path.is_empty() && pointer.is_empty() {
            Some((format!("`$ref: \"{text}\"` refers to its own file"), SYNTAX.into()))
        } else {
            None
        };
        if let Some((message, help)) = fault {
            self.problems.error(codes::BAD_REF, *span, message, help);
            return None;
        }
        let segments = segments(pointer);
        let found = if path.is_empty() {
            self.find_here_or_in_root(span.file, &segments)?
        } else {
            let file = self.open(path, reference, earlier)?;
            self.find(file, &segments)?
        };
        let node = found.map_err(|missing| self.report_missing(reference, &segments, missing, earlier)).ok()?;
        if let (true, [section, key]) = (node.span.file == self.root, &segments[..]) {
            followed.root_key = Some((section.clone(), key.clone()));
        }
        followed.name = segments.last().cloned().or_else(|| self.file_stem(node.span.file));
        followed.node = node;
        Some(())
    }

    /// Looks up a `#/…` reference in its own file, and if it is not there, in the root file.
    fn find_here_or_in_root(&self, here: FileId, segments: &[String]) -> Option<Result<Node, Missing>> {
        match self.find(here, segments)? {
            Err(missing_here) if here != self.root => match self.find(self.root, segments)? {
                // The file with more of the segments is more likely to be the right one.
                Err(missing_in_root) if missing_here.depth > missing_in_root.depth => Some(Err(missing_here)),
                in_root => Some(in_root),
            },
            found => Some(found),
        }
    }

    /// Looks up a value. Returns `None` if the file is not valid YAML, which has been reported.
    fn find(&self, file: FileId, segments: &[String]) -> Option<Result<Node, Missing>> {
        let mut node = self.files.get(file)?.root.clone()?;
        let mut parent = node.span;
        for (depth, segment) in segments.iter().enumerate() {
            let next = match &node.value {
                Value::List(items) => {
                    let item = segment.parse::<usize>().ok().and_then(|index| items.get(index));
                    item.map(|item| (item.span, item.clone()))
                }
                Value::Map(map) => map.get(segment.as_str()).map(|entry| (entry.key_span, entry.value.clone())),
                _ => None,
            };
            let Some((span, value)) = next else {
                let known = match &node.value {
                    Value::Map(map) => map.keys().map(ToString::to_string).collect(),
                    _ => Vec::new(),
                };
                return Some(Err(Missing { parent, depth, known }));
            };
            (parent, node) = (span, value);
        }
        Some(Ok(node))
    }

    /// Opens the file of a `$ref`. The path is relative to the file that contains the `$ref`.
    fn open(&mut self, path: &str, reference: &Spanned<String>, earlier: &[Spanned<String>]) -> Option<FileId> {
        let Spanned { value: text, span } = reference;
        let path = self.files.get(span.file)?.relative.parent().unwrap_or(Path::new("")).join(path);
        let finding = match self.files.open(&path, &mut self.problems) {
            Ok(file) => return Some(file),
            Err(OpenError::Outside) => {
                let message = format!("`$ref: {text}` leads out of the specification's folder");
                let help = "all files must be in the folder of the root file, or below it";
                Finding::error(codes::REF_OUTSIDE, *span, message).help(help)
            }
            Err(OpenError::Unreadable(reason)) => {
                let finding =
                    Finding::error(codes::REF_NOT_FOUND, *span, format!("cannot read `$ref: {text}`: {reason}"));
                finding.help(self.similar_file(&path)).label(reason)
            }
        };
        self.problems.report(with_chain(finding, earlier));
        None
    }

    fn similar_file(&self, path: &Path) -> Advice {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match similar_to(&name, &self.files.names_beside(path)) {
            Some(other) if other != name => Advice::swap(format!("did you mean `{other}`?"), name, other),
            _ => "the path is relative to the file that contains the `$ref`".into(),
        }
    }

    fn check_siblings(&mut self, node: &Node) {
        let Value::Map(map) = &node.value else { return };
        for (key, entry) in map.iter().filter(|(key, _)| !matches!(&***key, "$ref" | "description")) {
            let message = format!("the key `{key}` is ignored beside `$ref`");
            let help = "move it to the target of the `$ref`, or remove it; only `description` is allowed beside `$ref`";
            self.problems.error(codes::REF_SIBLING, entry.key_span, message, help);
        }
    }

    fn report_missing(
        &mut self,
        reference: &Spanned<String>,
        segments: &[String],
        missing: Missing,
        earlier: &[Spanned<String>],
    ) {
        let Missing { parent, depth, known } = missing;
        let file = self.files.get(parent.file).map_or("", |file| &file.name);
        let segment = segments.get(depth).map_or("", String::as_str);
        let place = match segments.get(..depth).unwrap_or_default() {
            [] => file.to_owned(),
            found => format!("`{}` of {file}", found.join("/")),
        };
        let message = format!("the target of `$ref: {}` does not exist: {place} has no `{segment}`", reference.value);
        // Only a `$ref` without a file is looked up in the root file.
        let elsewhere = if reference.value.starts_with('#') { self.elsewhere(segments) } else { None };
        let help = match elsewhere {
            Some(help) => help,
            None => instead_of(segment, &known, "the known keys are").or("add the key, or correct the `$ref`"),
        };
        let finding = Finding::error(codes::REF_NOT_FOUND, reference.span, message).help(help);
        let finding = finding.related(parent, format!("`{segment}` is missing here"));
        self.problems.report(with_chain(finding, earlier));
    }

    /// Returns advice about a definition or shared parameter that the root file does not name, but another file has.
    fn elsewhere(&self, segments: &[String]) -> Option<Advice> {
        let [section, key] = segments else { return None };
        let is_parameter = section == "parameters";
        if !is_parameter && section != "definitions" {
            return None;
        }
        // A parameter has `in`, and a schema does not.
        let (path, pointer) = self.files.search(key, |node| node.get("in").is_some() == is_parameter)?;
        let (path, root) = (slashed(&path), self.files.get(self.root).map_or("", |file| &file.name));
        Some(format!("{path} has it: add `{key}: {{ $ref: \"./{path}#{pointer}\" }}` to `{section}` of {root}").into())
    }

    /// Reports a loop. The report is the same for every member at which the loop was entered.
    fn report_loop(&mut self, members: &[Spanned<String>]) {
        let Some(first) = (0..members.len()).min_by_key(|&index| members[index].span) else { return };
        let ordered: Vec<&Spanned<String>> = members.iter().cycle().skip(first).take(members.len()).collect();
        let texts: Vec<&str> = ordered.iter().map(|member| member.value.as_str()).collect();
        let message = format!("these `$ref`s form a loop: {}", texts.join(" → "));
        let finding = Finding::error(codes::REF_LOOP, members[first].span, message);
        let finding = finding.help("replace one of them with the value itself");
        let others = ordered.into_iter().skip(1);
        self.problems.report(others.fold(finding, |finding, member| finding.related(member.span, "continues here")));
    }

    fn file_stem(&self, file: FileId) -> Option<String> {
        Some(self.files.get(file)?.relative.file_stem()?.to_string_lossy().into_owned())
    }
}

/// Adds the references that led to the faulty one as related places.
fn with_chain(finding: Finding, earlier: &[Spanned<String>]) -> Finding {
    earlier.iter().fold(finding, |finding, reference| finding.related(reference.span, "referred to from here"))
}

/// Returns the segments of a JSON pointer.
fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_separated_and_unescaped() {
        assert_eq!(segments(""), Vec::<String>::new());
        assert_eq!(segments("/definitions/owner"), ["definitions", "owner"]);
        assert_eq!(segments("/paths/~1{bucketName}"), ["paths", "/{bucketName}"]);
        assert_eq!(segments("/a~01"), ["a~1"]);
    }
}
