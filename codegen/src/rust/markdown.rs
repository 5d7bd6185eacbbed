//! Markdown of the specification, parsed and written again in a form that rustdoc shows as its author sees it.
//!
//! Lines are wrapped, so the writer escapes or glues everything that would start a block at the start of a line. It
//! also changes what rustdoc would treat differently from other renderers: HTML and brackets become text, code without
//! a language is not tested, bare URLs become links, and links without a scheme become text.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeWithOffset};

/// Maximum length of a line of text, in bytes. After `    /// ` it ends before column 120.
const WIDTH: usize = 108;

/// Maximum nesting of quotes and lists. The marks of deeper ones are dropped, so that a description of many marks takes
/// neither quadratic time nor long lines.
const MAX_DEPTH: usize = 16;

/// Words of an info string that rustdoc understands as Rust. Code with another word, such as `json`, is not tested.
const RUST: [&str; 5] = ["rust", "no_run", "ignore", "should_panic", "compile_fail"];

/// Returns the Markdown in lines of at most [`WIDTH`] bytes, except for those that cannot be split, such as code.
pub(super) fn lines(markdown: &str) -> Vec<String> {
    write(markdown, WIDTH)
}

fn write(markdown: &str, width: usize) -> Vec<String> {
    // rustc rejects a carriage return in a comment.
    let markdown = markdown.replace("\r\n", "\n").replace('\r', "\n");
    let mut writer = Writer { source: &markdown, width, ..Writer::default() };
    writer.containers.push(Container::default());
    for (event, range) in parse(&markdown) {
        writer.event(event, range.start);
    }
    writer.finish_paragraph();
    writer.containers.pop().map(|root| root.lines).unwrap_or_default()
}

/// Returns plain text as Markdown in one line.
pub(super) fn text(plain: &str) -> String {
    let mut inline = Inline::default();
    inline.text(plain, true);
    inline.join()
}

/// Returns plain text as inline code.
pub(super) fn code(plain: &str) -> String {
    let longest = plain.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let is_padded = plain.starts_with('`') || plain.ends_with('`') || plain.starts_with(' ') && plain.ends_with(' ');
    let pad = if is_padded && !plain.trim().is_empty() { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", plain.replace(['\n', '\r'], " "))
}

/// Returns true if the Markdown is at most one paragraph, so that a sentence can follow.
pub(super) fn is_one_paragraph(markdown: &str) -> bool {
    let mut blocks = 0;
    parse(markdown).all(|(event, _)| {
        blocks += usize::from(event == Event::Start(Tag::Paragraph));
        let is_other_block = match &event {
            Event::Rule => true,
            Event::Start(tag) => tag != &Tag::Paragraph && is_block(&tag.to_end()),
            _ => false,
        };
        !is_other_block && blocks < 2
    })
}

/// Returns true if the Markdown has a block of Rust code.
pub(super) fn has_rust_code(markdown: &str) -> bool {
    parse(markdown).any(|(event, _)| match event {
        Event::Start(Tag::CodeBlock(kind)) => RUST.contains(&language(&kind).split(',').next().unwrap_or_default()),
        _ => false,
    })
}

/// Splits written Markdown before and after its first heading with the given text.
pub(super) fn split_at_heading<'m>(markdown: &'m str, heading: &str) -> Option<(&'m str, &'m str)> {
    let mut depth = 0;
    for (event, range) in parse(markdown) {
        let text = markdown.get(range.clone()).unwrap_or_default();
        match event {
            Event::Start(Tag::Heading { .. }) if depth == 0 && text.trim_matches(['#', ' ', '\n']) == heading => {
                return Some((markdown.get(..range.start)?, markdown.get(range.end..)?));
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Parses like rustdoc, but keeps quotes and dashes as they are written.
fn parse(markdown: &str) -> impl Iterator<Item = (Event<'_>, std::ops::Range<usize>)> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    TextMergeWithOffset::new(Parser::new_ext(markdown, options).into_offset_iter())
}

fn is_block(tag: &TagEnd) -> bool {
    let is_inline =
        matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image);
    !is_inline
}

/// Returns the info string of a code block. Code that is not marked as Rust must not become a test.
fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else { return "text".to_owned() };
    let first = info.split([',', ' ', '\t']).next().unwrap_or_default();
    let is_plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
    match first {
        first if RUST.contains(&first) => info.to_string(),
        // rustdoc takes `E0123` for the error that the code causes, and `edition2024` for an edition of Rust.
        first if is_plain(first) && !first.starts_with("E0") && !first.starts_with("edition") => first.to_owned(),
        _ => "text".to_owned(),
    }
}

/// Writes the events of the parser.
#[derive(Default)]
struct Writer<'m> {
    source: &'m str,
    width: usize,
    /// The root, and the quotes, lists and items around the current place.
    containers: Vec<Container>,
    /// Number of open containers that are too deep to be written.
    dropped: usize,
    inline: Inline,
    /// Closing marks of the inline elements around the current place.
    closing: Vec<String>,
    /// Language and content of the current code block.
    code: Option<(String, String)>,
    table: Table,
    /// Number of links and images around the current place. URLs in them are not linked again.
    links: usize,
    /// True within an autolink, whose text is its URL.
    is_autolink: bool,
}

/// A block that contains blocks.
#[derive(Default)]
struct Container {
    /// Mark before the first line.
    mark: String,
    lines: Vec<String>,
    /// For a list: the mark of its items, and the number of the next one.
    list: Option<(char, Option<u64>)>,
    /// True if no blank lines separate the blocks: for a list, and for an item without paragraphs.
    is_tight: bool,
    /// Mark of the list that is the last block.
    last_list: Option<char>,
}

#[derive(Default)]
struct Table {
    alignments: Vec<Alignment>,
    row: Vec<String>,
    lines: Vec<String>,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>, start: usize) {
        match event {
            Event::Start(tag) => self.start(tag, start),
            Event::End(tag) => self.end(&tag),
            Event::Text(text) => match &mut self.code {
                Some((_, content)) => content.push_str(&text),
                None if self.is_autolink => {}
                None => self.inline.text(&text, self.links == 0),
            },
            Event::Html(text) | Event::InlineHtml(text) => self.inline.text(&text, false),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.inline.raw(&code(&text)),
            Event::FootnoteReference(label) => self.inline.raw(&format!("[^{label}]")),
            Event::SoftBreak => self.inline.space(),
            Event::HardBreak => self.inline.hard_break(),
            Event::Rule => self.block(vec!["___".to_owned()]),
            Event::TaskListMarker(is_done) => {
                self.inline.raw(if is_done { "[x]" } else { "[ ]" });
                self.inline.space();
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>, start: usize) {
        if is_block(&tag.to_end()) {
            // The text of a tight item ends without an event.
            self.finish_paragraph();
        }
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => {
                if let Some(container) = self.containers.last_mut() {
                    container.is_tight = false;
                }
            }
            Tag::BlockQuote(_) => self.open(Container { mark: "> ".to_owned(), ..Container::default() }),
            Tag::FootnoteDefinition(label) => {
                self.open(Container { mark: format!("[^{label}]: "), ..Container::default() });
            }
            Tag::List(first) => {
                let marks = if first.is_some() { ['.', ')'] } else { ['-', '*'] };
                let above = self.containers.last();
                // Two lists with the same mark would be one list, and `- - -` would be a rule.
                let is_taken = above.is_some_and(|above| {
                    above.last_list == Some(marks[0]) || above.lines.is_empty() && above.mark.starts_with(marks[0])
                });
                let list = Some((marks[usize::from(is_taken)], first));
                self.open(Container { list, is_tight: true, ..Container::default() });
            }
            Tag::Item => {
                let list = self.containers.last_mut().and_then(|list| list.list.as_mut());
                let mark = match list {
                    Some((mark, Some(number))) => {
                        let this = *number;
                        // A number of ten digits would not start an item.
                        *number = (this + 1).min(999_999_999);
                        format!("{this}{mark} ")
                    }
                    Some((mark, None)) => format!("{mark} "),
                    None => String::new(),
                };
                self.open(Container { mark, is_tight: true, ..Container::default() });
            }
            Tag::CodeBlock(kind) => self.code = Some((language(&kind), String::new())),
            Tag::Table(alignments) => self.table = Table { alignments, ..Table::default() },
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough => {
                // The mark of the source, because it depends on the characters around it which mark is possible.
                let written = self.source.get(start..).unwrap_or_default();
                let mark = written.chars().next().unwrap_or('*');
                let is_double = tag == Tag::Strong || mark == '~' && written.starts_with("~~");
                let mark = mark.to_string().repeat(if is_double { 2 } else { 1 });
                self.inline.raw(&mark);
                self.closing.push(mark);
            }
            Tag::Link { link_type, dest_url, title, .. } => self.link("[", link_type, &dest_url, &title),
            Tag::Image { link_type, dest_url, title, .. } => self.link("![", link_type, &dest_url, &title),
            _ => {}
        }
    }

    fn end(&mut self, tag: &TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.finish_paragraph(),
            TagEnd::Heading(level) => {
                let marks = "#".repeat(*level as usize);
                let text = std::mem::take(&mut self.inline).heading();
                self.block(vec![format!("{marks} {text}").trim_end().to_owned()]);
            }
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition | TagEnd::List(_) | TagEnd::Item => self.close(),
            TagEnd::CodeBlock => {
                let Some((language, content)) = self.code.take() else { return };
                let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or_default();
                let fence = "`".repeat(longest.max(2) + 1);
                let mut lines = vec![format!("{fence}{language}")];
                lines.extend(content.lines().map(|line| line.trim_end().to_owned()));
                lines.push(fence);
                self.block(lines);
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline).join();
                self.table.row.push(cell.replace('|', "\\|"));
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                let row = std::mem::take(&mut self.table.row);
                self.table.lines.push(format!("| {} |", row.join(" | ")));
                if *tag == TagEnd::TableHead {
                    let delimiters = self.table.alignments.iter().map(|alignment| match alignment {
                        Alignment::None => "---",
                        Alignment::Left => ":---",
                        Alignment::Center => ":---:",
                        Alignment::Right => "---:",
                    });
                    let delimiters: Vec<&str> = delimiters.collect();
                    self.table.lines.push(format!("| {} |", delimiters.join(" | ")));
                }
            }
            TagEnd::Table => {
                let lines = std::mem::take(&mut self.table.lines);
                self.block(lines);
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                let mark = self.closing.pop().unwrap_or_default();
                self.inline.raw(&mark);
            }
            TagEnd::Link | TagEnd::Image => {
                let mark = self.closing.pop().unwrap_or_default();
                self.inline.raw(&mark);
                self.links -= 1;
                self.is_autolink = false;
            }
            _ => {}
        }
    }

    fn link(&mut self, open: &str, kind: LinkType, url: &str, title: &str) {
        self.links += 1;
        if matches!(kind, LinkType::Autolink | LinkType::Email) {
            self.is_autolink = true;
            self.inline.raw(&format!("<{}>", url.strip_prefix("mailto:").unwrap_or(url)));
            self.closing.push(String::new());
        } else if !url.contains(':') && !url.starts_with('#') {
            // The path leads nowhere in the documentation of the SDK, so the link is shown as it was written.
            self.inline.text(open, false);
            self.closing.push(text(&format!("]({url})")));
        } else {
            let escaped = |text: &str, marks: &[char]| {
                let escape = |c: char| if marks.contains(&c) { format!("\\{c}") } else { c.to_string() };
                text.chars().map(escape).collect::<String>().replace(['\n', '\r'], " ")
            };
            let is_simple = !url.contains(|c: char| c.is_whitespace() || "()<>".contains(c));
            let url = escaped(url, &['<', '>', '\\', '&']);
            let url = if is_simple { url } else { format!("<{url}>") };
            let title =
                if title.is_empty() { String::new() } else { format!(" \"{}\"", escaped(title, &['"', '\\', '&'])) };
            self.inline.before_link(open);
            self.inline.raw(open);
            self.closing.push(format!("]({url}{title})"));
        }
    }

    fn open(&mut self, container: Container) {
        if self.containers.len() > MAX_DEPTH {
            self.dropped += 1;
        } else {
            self.containers.push(container);
        }
    }

    fn close(&mut self) {
        self.finish_paragraph();
        if self.dropped > 0 {
            self.dropped -= 1;
            return;
        }
        let Some(Container { mark, lines, list, is_tight, .. }) = self.containers.pop() else { return };
        if let Some((mark, _)) = list {
            self.block(lines);
            if let Some(container) = self.containers.last_mut() {
                container.last_list = Some(mark);
            }
            return;
        }
        let indent = match mark.as_str() {
            "> " => mark.clone(),
            // The mark of a footnote has any length.
            mark if mark.starts_with('[') => " ".repeat(4),
            mark => " ".repeat(mark.len()),
        };
        let lines = if lines.is_empty() { vec![String::new()] } else { lines };
        let lines = lines.iter().enumerate().map(|(index, line)| {
            let before = if index == 0 { &mark } else { &indent };
            format!("{before}{line}").trim_end().to_owned()
        });
        let lines = lines.collect();
        // A list with one loose item is loose.
        if let Some(list) = self.containers.last_mut().filter(|above| above.list.is_some()) {
            list.is_tight &= is_tight;
        }
        self.block(lines);
    }

    /// Adds a block to the innermost container.
    fn block(&mut self, lines: Vec<String>) {
        let Some(container) = self.containers.last_mut() else { return };
        if !container.lines.is_empty() && !container.is_tight {
            container.lines.push(String::new());
        }
        container.lines.extend(lines);
        container.last_list = None;
    }

    fn finish_paragraph(&mut self) {
        let marks: usize = self.containers.iter().map(|container| container.mark.len()).sum();
        let lines = std::mem::take(&mut self.inline).wrap(self.width.saturating_sub(marks));
        if lines.is_empty() {
            return;
        }
        // Without a blank line, the text would continue a quote or a table before it.
        if let Some(container) = self.containers.last_mut() {
            container.is_tight &= container.lines.is_empty();
        }
        self.block(lines);
    }
}

/// The words of a paragraph, a heading or a cell of a table.
#[derive(Default)]
struct Inline {
    words: Vec<Word>,
    /// True if the next text belongs to the last word.
    is_open: bool,
}

#[derive(Default)]
struct Word {
    text: String,
    /// True if the line must end after the word.
    ends_line: bool,
}

impl Inline {
    /// Adds Markdown that must not be split or escaped.
    fn raw(&mut self, markdown: &str) {
        if !self.is_open {
            self.words.push(Word::default());
            self.is_open = true;
        }
        if let Some(word) = self.words.last_mut() {
            word.text.push_str(markdown);
        }
    }

    fn space(&mut self) {
        self.is_open = false;
    }

    fn hard_break(&mut self) {
        if self.words.last().is_none_or(|word| word.ends_line) {
            self.words.push(Word::default());
        }
        self.space();
        if let Some(word) = self.words.last_mut() {
            word.ends_line = true;
        }
    }

    /// Escapes an exclamation mark that would turn the link after it into an image.
    fn before_link(&mut self, open: &str) {
        let last = self.words.last_mut().filter(|_| self.is_open && open == "[");
        if let Some(word) = last.filter(|word| word.text.ends_with('!')) {
            word.text.pop();
            word.text.push_str("\\!");
        }
    }

    /// Adds plain text. If `has_links`, URLs become links.
    fn text(&mut self, text: &str, has_links: bool) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            let before = self.words.last().filter(|_| self.is_open).and_then(|word| word.text.chars().next_back());
            let is_start = before.is_none_or(|before| before == '(');
            if let Some(url) = url(rest).filter(|_| has_links && is_start) {
                self.raw(&format!("<{url}>"));
                rest = &rest[url.len()..];
                continue;
            }
            rest = after;
            if matches!(c, ' ' | '\t' | '\n' | '\r') {
                self.space();
                continue;
            }
            if is_special(c, before, after) {
                self.raw("\\");
            }
            self.raw(c.encode_utf8(&mut [0; 4]));
        }
    }

    fn join(self) -> String {
        self.words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
    }

    /// Returns the words as the text of a heading, in which number signs at the end would be a mark.
    fn heading(mut self) -> String {
        for word in self.words.iter_mut().filter(|word| word.text.chars().all(|c| c == '#')) {
            word.text.insert(0, '\\');
        }
        self.join()
    }

    /// Returns the words in lines of at most `width`, if possible.
    fn wrap(self, width: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut line: Option<String> = None;
        let mut words = self.words.into_iter().peekable();
        while let Some(word) = words.next() {
            // A word that would start a block is kept in the line of the word before it.
            let mut unit = word.text;
            let mut ends_line = word.ends_line;
            while let Some(next) = words.next_if(|next| !ends_line && starts_block(&next.text).is_some()) {
                unit = format!("{unit} {}", next.text);
                ends_line = next.ends_line;
            }
            line = match line.take() {
                Some(before) if before.len() + 1 + unit.len() <= width => Some(format!("{before} {unit}")),
                before => {
                    lines.extend(before);
                    if let Some(mark) = starts_block(unit.split(' ').next().unwrap_or_default()) {
                        unit.insert(mark, '\\');
                    }
                    Some(unit)
                }
            };
            if ends_line && words.peek().is_some() {
                lines.extend(line.take().map(|line| line + "\\"));
            }
        }
        lines.extend(line);
        lines
    }
}

/// Returns the place for a backslash in a word that would start a block at the start of a line.
fn starts_block(word: &str) -> Option<usize> {
    if word.starts_with('>') || !word.is_empty() && word.chars().all(|c| "#-+=:|".contains(c)) {
        return Some(0);
    }
    let number = word.strip_suffix(['.', ')'])?;
    let is_number = (1..=9).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(number.len())
}

/// Returns true if Markdown would not read the character `c` of a text as itself. `before` is the character before it
/// in the same word, `after` the rest of the text.
fn is_special(c: char, before: Option<char>, after: &str) -> bool {
    let next = after.chars().next();
    match c {
        '*' | '`' | '[' | ']' | '~' => true,
        '_' => !(before.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric)),
        '<' => next.is_none_or(|next| !next.is_whitespace() && next != '='),
        '\\' => next.is_none_or(|next| next.is_whitespace() || next.is_ascii_punctuation()),
        '&' => after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '#').starts_with(';'),
        // After the reference `[^1]`, it would start the definition of a footnote.
        ':' => before == Some(']'),
        _ => false,
    }
}

/// Returns the URL at the start of a text, without the punctuation of the sentence around it.
fn url(text: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    let is_end = |c: char| c.is_whitespace() || "<>\"'`()[]{}|\\^*".contains(c);
    let url = text.split(is_end).next()?.trim_end_matches(['.', ',', ';', ':', '!', '?', '_', '~']);
    (url.len() > scheme.len()).then_some(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the content as rustdoc shows it: texts, and marks for the elements around them. HTML and URLs count as
    /// text, and in lists it does not matter where a paragraph ends.
    fn shown(markdown: &str) -> Vec<String> {
        let mut shown = vec![String::new()];
        let mut items = 0;
        let mut is_code = false;
        let mut is_heading = false;
        let mut open_links = Vec::new();
        let mut add = |text: &str, is_mark: bool| {
            if let (false, Some(last)) = (is_mark, shown.last_mut().filter(|last| !last.starts_with('\0'))) {
                last.push_str(text);
            } else {
                shown.push(if is_mark { format!("\0{text}") } else { text.to_owned() });
            }
        };
        for (event, _) in parse(markdown) {
            match event {
                Event::Text(text) if is_code => {
                    add(&text.lines().map(|it| it.trim_end().to_owned() + "\u{1}").collect::<String>(), false)
                }
                Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => add(&text, false),
                Event::Code(text) => add(&format!("code {text}"), true),
                Event::SoftBreak => add(" ", false),
                // A heading has one line.
                Event::HardBreak if is_heading => add(" ", false),
                Event::Start(Tag::Paragraph | Tag::HtmlBlock) | Event::End(TagEnd::Paragraph | TagEnd::HtmlBlock) => {
                    add(if items > 0 { " " } else { "¶" }, items == 0);
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    is_code = true;
                    add(&format!("block {}", language(&kind)), true);
                }
                Event::Start(Tag::Link { link_type, dest_url, title, .. }) => {
                    let is_kept = link_type != LinkType::Autolink && link_type != LinkType::Email;
                    let is_kept = is_kept && (dest_url.contains(':') || dest_url.starts_with('#'));
                    let is_url = matches!(link_type, LinkType::Autolink | LinkType::Email);
                    add(
                        &if is_kept { format!("link {dest_url} {title}") } else { "[".repeat((!is_url).into()) },
                        is_kept,
                    );
                    open_links.push(if is_kept || is_url { None } else { Some(dest_url) });
                }
                Event::Start(Tag::Image { dest_url, .. }) => {
                    let is_kept = dest_url.contains(':');
                    add(&if is_kept { format!("image {dest_url}") } else { "![".to_owned() }, is_kept);
                    open_links.push(Some(dest_url).filter(|_| !is_kept));
                }
                Event::End(TagEnd::Link | TagEnd::Image) => {
                    if let Some(Some(url)) = open_links.pop() {
                        add(&format!("]({url})"), false);
                    }
                }
                Event::Start(Tag::List(first)) => add(&format!("list {first:?}"), true),
                Event::Start(tag) => {
                    items += usize::from(tag == Tag::Item);
                    is_heading |= matches!(tag, Tag::Heading { .. });
                    add(&format!("{:?}", tag.to_end()), true);
                }
                Event::End(end) => {
                    items -= usize::from(end == TagEnd::Item);
                    is_code = false;
                    is_heading &= !matches!(end, TagEnd::Heading(_));
                    add(&format!("/{end:?}"), true);
                }
                other => add(&format!("{other:?}"), true),
            }
        }
        let squeezed = shown.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        let mut squeezed: Vec<String> = squeezed.filter(|text| !text.is_empty()).collect();
        squeezed.dedup_by(|next, last| next == last && next.starts_with("\0¶"));
        squeezed
    }

    const PIECES: &[&str] = &[
        "a",
        "word",
        "averylongword",
        "1.",
        "10)",
        "-",
        "+",
        " * ",
        "#",
        "##",
        ">",
        "=",
        "---",
        "===",
        "|",
        ":-",
        "`",
        "``",
        "```",
        "~~~",
        "*em 1.*",
        "**strong # a**",
        "_e_",
        "***both***",
        " _ ",
        "x_y",
        "_y",
        "~~out > ~~",
        "<b>",
        "</b>",
        "<bucket-name>",
        "List<String>",
        "<!-- c -->",
        "[0]",
        "[b]",
        "[a](https://x.y)",
        "[r](page.html)",
        "![i](https://x.y/i)",
        "\\",
        "&lt;",
        "&",
        "R&D",
        "!",
        ":",
        " https://example.com/x?y=1 ",
        "<https://x.y>",
        "\n",
        "\n",
        "\n\n",
        "\n- ",
        "\n  ",
        "\n    ",
        "\n1. ",
        "\n> ",
        "\n# ",
        "\n\n    code",
        "\n```\n",
        "\n```json\n",
        "\n\n| a | b |\n|---|:-:|\n| c | d |\n",
        "  \n",
        "`code # x`",
        "[^1]",
        "\n<div>\n",
        "'",
        "\"",
        "(",
        ")",
        "日本",
    ];

    fn markdown() -> impl Strategy<Value = String> {
        let piece = (proptest::sample::select(PIECES), proptest::sample::select(&["", " ", " "][..]));
        proptest::collection::vec(piece, 0..24)
            .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, space)| [piece, space]).collect())
    }

    #[test]
    fn writes_each_element_as_rustdoc_should_show_it() {
        for (markdown, expected) in [
            // Code with and without a language.
            ("```\na < b\n```", "```text\na < b\n```"),
            ("a\n\n    GET /\n      Host: b", "a\n\n```text\nGET /\n  Host: b\n```"),
            ("~~~\n```\n~~~", "````text\n```\n````"),
            ("```{.a}\n```\n```json,a\n```", "```text\n```\n\n```json\n```"),
            ("```no_run\nlet a = 1;\n```", "```no_run\nlet a = 1;\n```"),
            ("```rust,ignore\n```", "```rust,ignore\n```"),
            ("```json\n{}", "```json\n{}\n```"),
            // HTML, brackets and links.
            ("/<bucket-name>/<object-key>", "/\\<bucket-name>/\\<object-key>"),
            ("List<String> <br/>", "List\\<String> \\<br/>"),
            ("<div>\na", "\\<div> a"),
            ("keys[0], [Bucket] and [`Bucket`]", "keys\\[0\\], \\[Bucket\\] and \\[`Bucket`\\]"),
            ("[a](b.html) [c](https://d.e)", "\\[a\\](b.html) [c](https://d.e)"),
            ("[a]\n\n[a]: https://b.c 'd'", "[a](https://b.c \"d\")"),
            ("see https://a.b/c_d.", "see <https://a.b/c_d>."),
            ("<https://a.b>", "<https://a.b>"),
            // Characters that need no escape.
            ("x_y = 1 < 2 && R&D - a + b # c", "x_y = 1 < 2 && R&D - a + b # c"),
            ("&lt;a&gt; &amp;lt;", "\\<a> \\&lt;"),
            // Blocks.
            ("a\r\nb\rc\n\n- d\r  e\r- f", "a b c\n\n- d e\n- f"),
            ("1. a\n2. b\n\n   c\n3. d", "1. a\n\n2. b\n\n   c\n\n3. d"),
            ("- a\n  1) b\n  2) c\n* d", "- a\n  1. b\n  2. c\n\n* d"),
            ("a\n===\n> b\nc", "# a\n\n> b c"),
            ("|a|b|\n|-|:-:|\n|c `\\|`|d|", "| a | b |\n| --- | :---: |\n| c `\\|` | d |"),
            ("a\\\nb  \nc", "a\\\nb\\\nc"),
            ("***\n- [x] a[^1]\n\n[^1]: b", "___\n\n- [x] a[^1]\n\n[^1]: b"),
        ] {
            assert_eq!(lines(markdown).join("\n"), expected, "{markdown}");
        }
    }

    #[test]
    fn wraps_text_but_not_code() {
        let long = "word ".repeat(40);
        let lines = lines(&format!("{long}`a b`\n\n```text\n{long}\n```\n1. {long}"));
        assert!(lines[0].len() <= WIDTH && lines[1].starts_with("word"));
        assert!(lines.iter().any(|line| line.len() > WIDTH), "code keeps its lines");
        let item = lines.iter().position(|line| line.starts_with("1. ")).unwrap();
        assert!(lines[item + 1].starts_with("   word"), "{lines:?}");
        assert_eq!(write("a `b c d` e", 6), ["a", "`b c d`", "e"]);
    }

    #[test]
    fn no_line_starts_with_a_word_that_would_start_a_block() {
        assert_eq!(write("aaaa 1. b", 6), ["aaaa 1.", "b"]);
        assert_eq!(write("aaaa - + # = b", 6), ["aaaa - + # =", "b"]);
        assert_eq!(write("\\- a", 6), ["\\- a"]);
        assert_eq!(write("1\\. a\\\n\\> b", 6), ["1\\. a\\", "\\> b"]);
    }

    #[test]
    fn deep_nesting_takes_little_time_and_memory() {
        let text = format!("{}a\n\n{}b", ">".repeat(100_000), "- ".repeat(100_000));
        let written = lines(&text).join("\n");
        assert!(written.len() < 1000 && written.contains('a') && written.contains('b'), "{}", written.len());
    }

    #[test]
    fn split_at_heading_ignores_headings_in_code_and_lists() {
        let text = "a\n\n```text\n# Errors\n```\n\n- # Errors\n\n# Errors\n\n- b";
        let (before, after) = split_at_heading(text, "Errors").unwrap();
        assert!(before.ends_with("- # Errors\n\n"));
        assert_eq!(after, "\n- b");
        assert_eq!(split_at_heading("# Error", "Errors"), None);
    }

    #[test]
    fn text_and_code_are_shown_as_they_are() {
        assert_eq!(text("a*b [c] <d>"), "a\\*b \\[c\\] \\<d>");
        assert_eq!([code("a"), code("`"), code("a``b"), code(" ")], ["`a`", "`` ` ``", "```a``b```", "` `"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn written_markdown_shows_the_same(text in markdown(), width in 1..60_usize) {
            let written = write(&text, width).join("\n");
            prop_assert_eq!(shown(&text), shown(&written), "{}", written);
        }
    }
}
