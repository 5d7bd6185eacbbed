//! Templates write each statement, signature and list on one line; those that are too long for one are broken here, as
//! rustfmt would break them. A test holds the two against each other.

mod brackets;

use brackets::{Group, code, groups, split};

/// The workspace's `max_width`.
const WIDTH: usize = 120;
const INDENT: usize = 4;
/// Lists of items no longer than this stand several to a line.
const SHORT: usize = 10;

/// Breaks every line of Rust that is too long. Comments stay as they are.
pub(super) fn broken(text: &str) -> String {
    let mut laid_out = String::with_capacity(text.len());
    for line in text.lines() {
        push(line, &mut laid_out);
    }
    laid_out
}

fn push(line: &str, out: &mut String) {
    match (!fits(line) && !line.trim_start().starts_with("//")).then(|| break_line(line)).flatten() {
        Some(lines) => lines.iter().for_each(|line| push(line, out)),
        None => {
            out.push_str(line);
            out.push('\n');
        }
    }
}

fn fits(line: &str) -> bool {
    // rustfmt counts what ends these as if it stood on the line twice, and an `impl` not at all.
    let width = match line.trim_start() {
        start if start.starts_with("#[") => WIDTH - 1,
        start if start.starts_with("pub use ") && start.ends_with("};") => WIDTH - 2,
        start if start.ends_with(")?,") || start.ends_with(")?;") => WIDTH - 2,
        start if is_result(start) => WIDTH - INDENT,
        start if parameter_of_any_type(start).is_some() => WIDTH + "impl ".len(),
        _ => WIDTH,
    };
    line.len() <= width || line.chars().count() <= width
}

/// What stands before and between the outer angle brackets of `name: impl Trait<…>,`.
fn parameter_of_any_type(line: &str) -> Option<(&str, &str)> {
    let (head, arguments) = line.strip_suffix(">,")?.split_once('<')?;
    let (name, _) = head.split_once(": impl ")?;
    is_name(name.trim_start()).then_some((head, arguments))
}

/// The lines instead of one that is too long; `None` if there is no place to break it.
fn break_line(line: &str) -> Option<Vec<String>> {
    let start = line.len() - line.trim_start().len();
    let (indent, inner) = (&line[..start], " ".repeat(start + INDENT));
    let signature = is_signature(line);
    if is_result(line) {
        return line.strip_suffix(" {").map(|result| vec![result.to_owned(), format!("{indent}{{")]);
    }
    if !signature && !line.trim_start().starts_with("#[") {
        if let Some((head, arguments)) = parameter_of_any_type(line) {
            return Some(vec![format!("{head}<"), format!("{inner}{arguments},"), format!("{indent}>,")]);
        }
        let plain = [match_arm(line, indent, &inner), assignment(line, &inner), chain(line, &inner)];
        if let Some(lines) = plain.into_iter().flatten().next().or_else(|| field(line, &inner)) {
            return Some(lines);
        }
    }
    let group = group_to_open(line, signature)?;
    let items = split(&line[group.open + 1..group.close]);
    if let Some(lines) = closure(line, &group, &items, indent, &inner) {
        return Some(lines);
    }
    let mut lines = vec![line[..=group.open].trim_end().to_owned()];
    if is_filled(line, &group, &items) {
        lines.extend(fill(&items, &inner));
    } else {
        lines.extend(items.iter().map(|item| format!("{inner}{item},")));
    }
    if let Some(last) = lines.last_mut().filter(|_| line.trim_start().starts_with("#[")) {
        last.pop();
    }
    lines.push(format!("{indent}{}", &line[group.close..]));
    Some(lines)
}

/// The last line of a signature whose parameters have a line each.
fn is_result(line: &str) -> bool {
    line.trim_start().starts_with(") -> ")
}

fn is_signature(line: &str) -> bool {
    line.split('(').next().is_some_and(|head| head.split(' ').any(|word| word == "fn"))
}

/// `pattern => value,` with the value in braces.
fn match_arm(line: &str, indent: &str, inner: &str) -> Option<Vec<String>> {
    let (pattern, value) = line.split_once(" => ")?;
    let value = value.strip_suffix(',')?;
    Some(vec![format!("{pattern} => {{"), format!("{inner}{value}"), format!("{indent}}}")])
}

/// `target = value;` with the value on the next line, or each of its calls on one, if they fit there.
fn assignment(line: &str, inner: &str) -> Option<Vec<String>> {
    let (target, value) = line.split_once(" = ").filter(|(target, _)| !target.contains(['(', '{']))?;
    let mut lines = vec![format!("{target} =")];
    if fits(&format!("{inner}{value}")) {
        lines.push(format!("{inner}{value}"));
        return Some(lines);
    }
    let calls = calls(value).filter(|calls| calls.len() > 2)?;
    let indents = std::iter::once(0).chain(std::iter::repeat(INDENT));
    lines.extend(indents.zip(calls).map(|(further, call)| format!("{inner}{:further$}{call}", "")));
    Some(lines)
}

/// `receiver`, `.method(…)`, `.method(…)`, …, if that is all there is.
fn calls(value: &str) -> Option<Vec<&str>> {
    let dots: Option<Vec<usize>> = groups(value).map(|group| value[..group.open].rfind('.')).collect();
    let dots = dots?;
    let starts = std::iter::once(0).chain(dots.iter().copied());
    let ends = dots.iter().copied().chain(std::iter::once(value.len()));
    Some(starts.zip(ends).map(|(start, end)| &value[start..end]).collect())
}

/// `receiver.method(…)` with the method on the next line, if it fits there and has few arguments.
fn chain(line: &str, inner: &str) -> Option<Vec<String>> {
    let call = groups(line).last().filter(|call| line[call.open..].starts_with('('))?;
    let dot = code(&line[..call.open]).filter(|(_, c)| *c == '.').map(|(at, _)| at).last()?;
    let receiver = line[..dot].trim_start();
    // A receiver no longer than an indent gains nothing, and of many arguments each gets its line.
    let is_worth_it = receiver.len() > INDENT
        && (receiver.contains('.') || split(&line[call.open + 1..call.close]).len() < 3)
        && receiver.split_once(": ").is_none_or(|(name, _)| is_name(name));
    let method = format!("{inner}{}", &line[dot..]);
    let is_one_call = groups(line).count() == 1 && is_worth_it;
    // The receiver leaves room for one more column, as rustfmt has it.
    (is_one_call && dot < WIDTH && fits(&method)).then(|| vec![line[..dot].to_owned(), method])
}

/// `name: value,` with the value on the next line.
fn field(line: &str, inner: &str) -> Option<Vec<String>> {
    let (name, value) = line.split_once(": ")?;
    let is_field = is_name(name.trim_start().trim_start_matches("pub ")) && !value.starts_with("&[");
    is_field.then(|| vec![format!("{name}:"), format!("{inner}{value}")])
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '#'))
}

/// A call whose last argument is a closure opens that, if what is before it fits.
fn closure(line: &str, group: &Group, items: &[&str], indent: &str, inner: &str) -> Option<Vec<String>> {
    let last = items.last().filter(|item| item.starts_with('|'))?;
    let (parameters, body) = last.get(1..)?.split_once("| ")?;
    let before = line[..group.close].strip_suffix(last)?;
    let head = format!("{before}|{parameters}| {{");
    fits(&head).then(|| vec![head, format!("{inner}{body}"), format!("{indent}}}{}", &line[group.close..])])
}

/// The brackets whose content goes to lines of its own.
fn group_to_open(line: &str, is_signature: bool) -> Option<Group> {
    if is_signature {
        return groups(line).next();
    }
    let mut group = groups(line).last()?;
    // Brackets that hold nothing but other brackets are opened together: `Ok(Output { … })`, `#[serde(…)]`.
    loop {
        let content = &line[group.open + 1..group.close];
        let inner = groups(content).last().filter(|inner| inner.close + 1 == content.len());
        match inner.filter(|_| split(content).len() == 1) {
            Some(inner) => {
                group = Group { open: group.open + 1 + inner.open, close: group.open + 1 + inner.close };
            }
            None => return Some(group).filter(|_| !content.trim().is_empty()),
        }
    }
}

/// Names that are imported and short items of lists stand as many to a line as fit.
fn is_filled(line: &str, group: &Group, items: &[&str]) -> bool {
    let is_list = line[group.open..].starts_with('[') && items.iter().all(|item| item.chars().count() <= SHORT);
    is_list || line.contains("use ") && line[group.open..].starts_with('{')
}

fn fill(items: &[&str], inner: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = inner.to_owned();
    for item in items {
        let with_item = if current == *inner { format!("{inner}{item},") } else { format!("{current} {item},") };
        if fits(&with_item) {
            current = with_item;
        } else {
            lines.push(std::mem::replace(&mut current, format!("{inner}{item},")));
        }
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a` so often that the line with it in place of `~` has this length.
    fn of_length(line: &str, length: usize) -> String {
        line.replace('~', &"a".repeat(length + 1 - line.len()))
    }

    fn shape(line: &str, length: usize) -> String {
        broken(&of_length(line, length)).trim_end().replace(&"a".repeat(length + 1 - line.len()), "~")
    }

    #[test]
    fn what_fits_stays_on_its_line() {
        for line in ["    request.query(\"~\", &self.a);", "    pub ~: T,", "    pub fn new(~: A) -> Self {"] {
            assert_eq!(shape(line, 120), line);
        }
        assert_eq!(shape("    /// ~ (a, b)", 300), "    /// ~ (a, b)", "comments are not for this");
    }

    #[test]
    fn what_does_not_is_broken_where_rustfmt_would() {
        for (line, expected) in [
            ("    request.query(\"~\", &self.a);", "    request\n        .query(\"~\", &self.a);"),
            ("request.header(\"~\", \"a\", &b);", "request.header(\n    \"~\",\n    \"a\",\n    &b,\n);"),
            ("    pub ~: Option<T>,", "    pub ~:\n        Option<T>,"),
            ("    self.~ = b.into();", "    self.~ =\n        b.into();"),
            ("Ok(T { ~: 1, b: 2 })", "Ok(T {\n    ~: 1,\n    b: 2,\n})"),
            ("        T::~ => \"b\",", "        T::~ => {\n            \"b\"\n        }"),
            ("#[serde(rename = \"~\", default)]", "#[serde(\n    rename = \"~\",\n    default\n)]"),
            ("pub use ~::{A, B};", "pub use ~::{\n    A, B,\n};"),
            ("a.last(&mut ~, |b| b.c);", "a.last(&mut ~, |b| {\n    b.c\n});"),
            (") -> impl A<~> + B {", ") -> impl A<~> + B\n{"),
            ("fn f(a: BTreeMap<A, ~>, b: (C, D)) -> E {", "fn f(\n    a: BTreeMap<A, ~>,\n    b: (C, D),\n) -> E {"),
        ] {
            assert_eq!(shape(line, 121), expected, "{line}");
        }
    }

    #[test]
    fn calls_in_a_row_get_a_line_each_where_they_do_not_fit_on_the_next() {
        let line = "self.a = ~.into_iter().map(b).collect();";
        assert_eq!(shape(line, 125), "self.a =\n    ~.into_iter().map(b).collect();");
        assert_eq!(shape(line, 126), "self.a =\n    ~\n        .into_iter()\n        .map(b)\n        .collect();");
    }

    #[test]
    fn the_word_impl_does_not_count() {
        let line = "    ~: impl A<B = C>,";
        assert_eq!(shape(line, 125), line);
        assert_eq!(shape(line, 126), "    ~: impl A<\n        B = C,\n    >,");
    }

    #[test]
    fn brackets_and_commas_in_strings_do_not_count() {
        let line = "request.header(\"a, (\\\"~\", \"]{\", &b);";
        assert_eq!(shape(line, 130), "request.header(\n    \"a, (\\\"~\",\n    \"]{\",\n    &b,\n);");
    }

    #[test]
    fn short_items_stand_several_to_a_line() {
        let items: Vec<String> = (0..40).map(|number| format!("\"v{number}\"")).collect();
        let text = broken(&format!("    a: &[{}],", items.join(", ")));
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH));
    }

    #[test]
    fn what_cannot_be_broken_is_left_alone() {
        for line in ["mod ~;", "pub use ~::B;", "string_enum!(~);"] {
            assert!(broken(&of_length(line, 200)).lines().count() <= 3);
        }
    }
}
