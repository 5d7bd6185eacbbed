//! What stands on one line: keys and values. Errors end the sentence "line 5 …" or "a value that …".

/// The value of a key, as far as its own line has it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Content {
    Empty,
    Plain(String),
    Quoted(String),
    /// `{…}` or `[…]`.
    Flow,
    /// What follows `|` or `>` on the next lines.
    Block,
}

/// Splits off the key; what is returned beside it is what follows the colon.
pub(super) fn key(line: &str) -> Result<(String, &str), String> {
    let no_key = || "is not a \"key: value\"".to_owned();
    if line.starts_with(['"', '\'']) {
        let (key, rest) = quoted(line).map_err(|_| no_key())?;
        let rest = after_colon(rest.trim_start_matches(' ')).ok_or_else(no_key)?;
        return Ok((key, rest));
    }
    let (key, rest) = split_at_colon(line)
        .ok_or_else(|| if line.contains(':') { "has no space after its colon".to_owned() } else { no_key() })?;
    let usual = |character: char| character.is_alphanumeric() || "_-./ ".contains(character);
    let first = key.chars().next().unwrap_or(' ');
    if !(first.is_alphanumeric() || first == '_') || !key.chars().all(usual) {
        return Err("has a key of an unusual form".to_owned());
    }
    Ok((key.to_owned(), rest))
}

/// Reads what follows the colon after a key.
pub(super) fn content(text: &str) -> Result<Content, String> {
    let value = text.trim_start_matches(' ');
    if check_end(text).is_ok() {
        return Ok(Content::Empty);
    }
    match value.chars().next() {
        Some('"' | '\'') => {
            let (text, rest) = quoted(value)?;
            check_end(rest)?;
            Ok(Content::Quoted(text))
        }
        Some('{' | '[') => {
            check_end(after_flow(value)?)?;
            Ok(Content::Flow)
        }
        Some('|' | '>') => Ok(Content::Block),
        _ => plain(value).map(|text| Content::Plain(text.to_owned())),
    }
}

/// Checks a line of a block that is skipped: whatever it opens, it has to close. Otherwise the lines after it could be
/// part of it, even those that look like keys.
pub(super) fn check_skipped(line: &str) -> Result<(), String> {
    let mut text = line;
    while let Some(item) = text.strip_prefix("- ") {
        text = item.trim_start_matches(' ');
    }
    if text == "-" {
        return Ok(());
    }
    let value = match text.chars().next() {
        Some('"' | '\'') => {
            let (_, rest) = quoted(text)?;
            after_colon(rest.trim_start_matches(' ')).unwrap_or(rest)
        }
        Some('{' | '[') => return check_end(after_flow(text)?),
        _ => {
            let (key, rest) = split_at_colon(text).unwrap_or(("", text));
            if !key.is_empty() {
                plain(key)?;
            }
            rest
        }
    };
    match content(value)? {
        Content::Block => Err("has a block of text in a block that is skipped".to_owned()),
        _ => Ok(()),
    }
}

/// Checks that nothing follows but spaces and a comment.
pub(super) fn check_end(rest: &str) -> Result<(), String> {
    let text = rest.trim_start_matches(' ');
    let is_comment = text.starts_with('#') && text.len() < rest.len();
    if text.is_empty() || is_comment {
        return Ok(());
    }
    Err("has something after its end".to_owned())
}

/// At the first colon that ends a key: one that a space or nothing follows.
fn split_at_colon(text: &str) -> Option<(&str, &str)> {
    let colon = text.match_indices(':').map(|(at, _)| at).find(|at| after_colon(&text[*at..]).is_some())?;
    Some((text[..colon].trim_end_matches(' '), &text[colon + 1..]))
}

fn after_colon(text: &str) -> Option<&str> {
    text.strip_prefix(':').filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn plain(value: &str) -> Result<&str, String> {
    let text = match value.find(" #") {
        Some(comment) => &value[..comment],
        None => value,
    };
    let text = text.trim_end_matches(' ');
    let mut characters = text.chars();
    match characters.next() {
        Some('&' | '*') => return Err("is or has an anchor".to_owned()),
        Some('!') => return Err("has a tag".to_owned()),
        Some(character @ ('#' | ',' | ']' | '}' | '%' | '@' | '`' | '|' | '>')) => {
            return Err(format!("begins with {character:?} and is not in quotes"));
        }
        Some(character @ ('-' | '?' | ':')) if matches!(characters.next(), None | Some(' ')) => {
            return Err(format!("begins with {character:?} and is not in quotes"));
        }
        _ => {}
    }
    if split_at_colon(text).is_some() {
        return Err("has a colon before a space or at its end and is not in quotes".to_owned());
    }
    Ok(text)
}

/// Reads a text in quotes, and returns what follows it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut characters = text.chars();
    let quote = characters.next();
    let mut value = String::new();
    while let Some(character) = characters.next() {
        if Some(character) != quote {
            match character {
                '\\' if quote == Some('"') => {
                    let (character, rest) = escape(characters.as_str())?;
                    value.push(character);
                    characters = rest.chars();
                }
                _ => value.push(character),
            }
        } else if quote == Some('\'') && characters.as_str().starts_with('\'') {
            characters.next();
            value.push('\'');
        } else {
            return Ok((value, characters.as_str()));
        }
    }
    Err("has a quote that is not closed on its line".to_owned())
}

/// Reads what follows a backslash.
fn escape(text: &str) -> Result<(char, &str), String> {
    let unsupported = || "has a backslash that is not followed by one of \\ \" / n r t x u".to_owned();
    let mut characters = text.chars();
    let digits = match characters.next() {
        Some(character @ ('\\' | '"' | '/')) => return Ok((character, characters.as_str())),
        Some('n') => return Ok(('\n', characters.as_str())),
        Some('r') => return Ok(('\r', characters.as_str())),
        Some('t') => return Ok(('\t', characters.as_str())),
        Some('x') => 2,
        Some('u') => 4,
        _ => return Err(unsupported()),
    };
    let (code, rest) = characters
        .as_str()
        .split_at_checked(digits)
        .filter(|(code, _)| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .ok_or_else(unsupported)?;
    u32::from_str_radix(code, 16)
        .ok()
        .and_then(char::from_u32)
        .map(|character| (character, rest))
        .ok_or_else(unsupported)
}

/// What follows a `{…}` or `[…]`. Inside, quotes may stand only where a value begins, since elsewhere they are part of
/// it.
fn after_flow(text: &str) -> Result<&str, String> {
    let mut open = Vec::new();
    let mut rest = text;
    // The last character that is no space, and whether a space followed it.
    let mut last = ('[', false);
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        match character {
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                if open.pop() != Some(character) {
                    break;
                }
                if open.is_empty() {
                    return Ok(after);
                }
            }
            '"' | '\'' => {
                if !matches!(last, ('[' | '{' | ',', _) | (':', true)) {
                    return Err("has a quote within a value".to_owned());
                }
                let (_, after) = quoted(rest)?;
                last = (character, false);
                rest = after;
                continue;
            }
            '#' if last.1 => break,
            _ => {}
        }
        last = match character {
            ' ' => (last.0, true),
            _ => (character, false),
        };
        rest = after;
    }
    Err("has a bracket that is not closed on its line".to_owned())
}
