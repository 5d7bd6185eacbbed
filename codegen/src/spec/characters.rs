//! Characters that no text may hold: those that YAML forbids, and those that would break out of a generated line.

use std::ops::Range;

use super::node::{Entry, Node, NodeId, Value};
use super::problems::{FileId, Problems, Span};
use crate::diagnostic::codes;

/// The texts that may have several lines: they become doc comments line by line, or nothing at all.
const PROSE: [&str; 3] = ["description", "example", "summary"];

/// The first character that YAML does not allow anywhere: the parser refuses it without saying where it stands.
pub(super) fn forbidden(text: &str) -> Option<(char, Range<usize>)> {
    let allowed = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{85}' => true,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    };
    text.char_indices().find(|(_, c)| !allowed(*c)).map(|(at, c)| (c, at..at + c.len_utf8()))
}

/// Reports every control character in keys and values. Names, titles and values become single lines of generated
/// code, where what follows a line break would no longer be a comment.
pub(super) fn check(file: FileId, root: &Node, problems: &mut Problems) {
    // A stack of its own: a file may nest deeper than the program.
    let mut rest = vec![(root, "a text")];
    while let Some((node, owner)) = rest.pop() {
        match &node.value {
            Value::Text(text) => {
                let is_prose = PROSE.contains(&owner);
                let odd = text.chars().find(|c| c.is_control() && !(is_prose && matches!(c, '\n' | '\r' | '\t')));
                report(file, node.id, odd, owner, problems);
            }
            Value::List(items) => rest.extend(items.iter().map(|item| (item, "an item of a list"))),
            Value::Map(map) => {
                for Entry { key_id, key, value } in map.values() {
                    let odd = key.chars().find(|c| c.is_control());
                    report(file, *key_id, odd, "a key", problems);
                    rest.push((value, if odd.is_some() { "a text" } else { key }));
                }
            }
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
        }
    }
}

fn report(file: FileId, node: NodeId, odd: Option<char>, owner: &str, problems: &mut Problems) {
    let Some(odd) = odd else { return };
    let name = match odd {
        '\n' | '\r' => "a line break".to_owned(),
        '\t' => "a tab".to_owned(),
        odd => format!("the control character U+{:04X}", u32::from(odd)),
    };
    let owner = if owner.contains(' ') { owner.to_owned() } else { format!("`{owner}`") };
    let help =
        "write it in one line, without control characters; only a `description` or `summary` may have several lines";
    problems.error(codes::CONTROL_CHARACTER, Span::node(file, node), format!("{owner} holds {name}"), help);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_character_has_its_own_place() {
        assert_eq!(forbidden("a: 1\r\nb:\té\u{85}\n"), None);
        assert_eq!(forbidden("a: 1\né: \0"), Some(('\0', 9..10)));
        assert_eq!(forbidden("a: \u{feff}"), Some(('\u{feff}', 3..6)));
    }
}
