//! Where brackets and commas stand in a line of Rust.

/// A pair of brackets, by the places of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) open: usize,
    pub(super) close: usize,
}

/// The outermost brackets of a line.
pub(super) fn groups(line: &str) -> impl Iterator<Item = Group> + '_ {
    let mut depth = 0;
    let mut start = 0;
    code(line).filter_map(move |(at, c)| match c {
        '(' | '[' | '{' => {
            depth += 1;
            if depth == 1 {
                start = at;
            }
            None
        }
        ')' | ']' | '}' => {
            depth -= 1;
            (depth == 0).then_some(Group { open: start, close: at })
        }
        _ => None,
    })
}

/// What stands between the outermost commas.
pub(super) fn split(content: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut depth, mut start, mut before) = (0, 0, ' ');
    for (at, c) in code(content) {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if !matches!(before, '-' | '=') => depth -= 1,
            ',' if depth == 0 => {
                items.push(content[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    items.push(content[start..].trim());
    items.retain(|item| !item.is_empty());
    items
}

/// The characters that are not part of a string.
pub(super) fn code(line: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut in_string = false;
    let mut escaped = false;
    line.char_indices().filter(move |(_, c)| {
        let was_in_string = in_string;
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        !was_in_string && *c != '"'
    })
}
