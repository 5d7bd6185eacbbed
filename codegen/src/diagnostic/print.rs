//! Problems as the command prints them: drawn for people, or as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet};

use super::json;
use super::problem::{Problem, Severity, count};
use super::source::{Place, Source, Sources};

/// More warnings of one code than this are counted where a person reads them.
const MAX_OF_A_CODE: usize = 10;

/// Output format of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printer {
    /// Drawn, for people.
    Drawn(Style),
    /// One JSON object a line, for programs.
    Json,
}

impl Printer {
    /// Writes all problems, one below the other.
    pub(crate) fn print(self, problems: &[Problem], sources: &Sources, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => problems.iter().try_for_each(|problem| writeln!(to, "{}", json::line(problem, sources)?)),
            Self::Drawn(style) => print_drawn(problems, sources, style, to),
        }
    }
}

fn print_drawn(problems: &[Problem], sources: &Sources, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let mut warnings: BTreeMap<&str, usize> = BTreeMap::new();
    for problem in problems {
        if problem.severity == Severity::Warning {
            let of_this_code = warnings.entry(problem.code).or_default();
            *of_this_code += 1;
            if *of_this_code > MAX_OF_A_CODE {
                continue;
            }
        }
        writeln!(to, "{}", draw(problem, sources, style))?;
    }
    for (code, number) in warnings.into_iter().filter(|(_, number)| *number > MAX_OF_A_CODE) {
        let more = count(number - MAX_OF_A_CODE, &format!("more `{code}` warning"));
        writeln!(to, "… and {more} (--format json lists all)")?;
    }
    Ok(())
}

/// True if to draw in colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Text alone.
    Plain,
    /// With the escape sequences of a terminal.
    Coloured,
}

/// Lines longer than this are cut before they are drawn: what is cut off would not fit any terminal, and drawing
/// would take time with the length of the line.
const MAX_LINE_LENGTH: usize = 2000;
/// What remains of such a line on either side of a place.
const CONTEXT: usize = 200;
/// Suggestions in lines that are wider than this are told and not drawn.
const MAX_WIDTH: usize = 140;

/// The drawn problem; ends with a line break.
pub(crate) fn draw(problem: &Problem, sources: &Sources, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let mut drawn = renderer.render(&groups(problem, sources));
    drawn.push('\n');
    drawn
}

fn groups<'p>(problem: &'p Problem, sources: &'p Sources) -> Vec<Group<'p>> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(problem.message.as_str()).id(problem.code);
    let mut main = Group::with_title(title).elements(snippets(problem, sources));
    let suggestion = problem.suggestion.as_ref().and_then(|it| Some((it, sources.get(&it.place.file)?)));
    // The library shows suggestions in whole lines, however long.
    let suggestion = suggestion.filter(|(it, source)| source.lines(it.place.line, it.place.line).len() <= MAX_WIDTH);
    let Some((suggestion, source)) = suggestion else {
        if !problem.help.is_empty() {
            main = main.element(Level::HELP.message(problem.help.as_str()));
        }
        return vec![main];
    };
    let window = Window::around(source, [&suggestion.place].into_iter());
    let patch = Patch::new(window.within(&suggestion.place), suggestion.replacement.as_str());
    let snippet = Snippet::source(window.text).line_start(window.line).patch(patch);
    vec![main, Group::with_title(Level::HELP.secondary_title(problem.help.as_str())).element(snippet)]
}

/// The place and what is related to it; files one after the other, that of the problem first.
fn snippets<'p>(problem: &'p Problem, sources: &'p Sources) -> Vec<Element<'p>> {
    let mut marks = vec![(&problem.place, problem.label.as_str(), AnnotationKind::Primary)];
    marks.extend(problem.related.iter().map(|it| (&it.place, it.label.as_str(), AnnotationKind::Context)));
    let mut elements = Vec::new();
    while let Some((first, ..)) = marks.first().copied() {
        let source = sources.get(&first.file);
        let is_cut = source.is_some_and(|source| marks.iter().any(|(place, ..)| Window::is_cut(source, place)));
        // A line that has to be cut is cut for one place.
        let belongs = |place: &Place| if is_cut { place == first } else { place.file == first.file };
        let (here, elsewhere) = marks.into_iter().partition::<Vec<_>, _>(|(place, ..)| belongs(place));
        marks = elsewhere;
        let shown = source.filter(|source| !source.text().is_empty());
        if shown.is_none() || is_cut {
            // What the library counts are the columns of what it is given.
            elements.push(Element::Origin(Origin::path(&first.file).line(first.line).char_column(first.column)));
        }
        if let Some(source) = shown {
            let window = Window::around(source, here.iter().map(|(place, ..)| *place));
            let annotations = here.iter().map(|(place, label, kind)| kind.span(window.within(place)).label(*label));
            let annotations: Vec<Annotation<'_>> = annotations.chain(window.enclosing(first)).collect();
            let path = (!is_cut).then_some(first.file.as_str());
            let snippet = Snippet::source(window.text).path(path).line_start(window.line).annotations(annotations);
            elements.push(Element::Cause(snippet));
        }
    }
    elements
}

/// The part of a file that is drawn: the library looks at every line that it is given.
struct Window<'s> {
    text: &'s str,
    /// Its first byte within the file, and the line that this stands in.
    start: usize,
    line: usize,
}

impl<'s> Window<'s> {
    fn is_cut(source: &Source, place: &Place) -> bool {
        let lines = source.lines(place.line, place.end_line);
        lines.len() > MAX_LINE_LENGTH
    }

    /// The whole lines of all places; of a very long line, what is near.
    fn around<'p>(source: &'s Source, places: impl Iterator<Item = &'p Place> + Clone) -> Self {
        let first = places.clone().map(|place| place.line).min().unwrap_or(1);
        let last = places.clone().map(|place| place.end_line).max().unwrap_or(1);
        let mut bytes = source.lines(first, last);
        let mut line = first;
        if let Some(place) = places.clone().next().filter(|place| Self::is_cut(source, place)) {
            let start = source.boundary(place.start.saturating_sub(CONTEXT)).max(bytes.start);
            bytes = start..source.boundary((place.start + CONTEXT).max(place.end.min(place.start + MAX_LINE_LENGTH)));
        } else {
            line = enclosing_line(source, places);
            bytes.start = source.lines(line, line).start;
        }
        Self { text: source.text().get(bytes.clone()).unwrap_or_default(), start: bytes.start, line }
    }

    fn within(&self, place: &Place) -> Range<usize> {
        let within = |byte: usize| byte.saturating_sub(self.start).min(self.text.len());
        within(place.start)..within(place.end)
    }

    /// Shows the line that a place belongs to, even though nothing is underlined there.
    fn enclosing(&self, place: &Place) -> Option<Annotation<'s>> {
        let is_above = self.start < place.start && self.line < place.line;
        is_above.then(|| AnnotationKind::Visible.span(0..0))
    }
}

/// The line that says what the first place is part of: the nearest one above that is indented less. A list's item
/// or a key says little without it.
fn enclosing_line<'p>(source: &Source, places: impl Iterator<Item = &'p Place>) -> usize {
    const MAX_DISTANCE: usize = 30;
    let Some(first) = places.map(|place| place.line).min() else { return 1 };
    let content = |line: usize| source.text().get(source.lines(line, line)).unwrap_or_default();
    let indent = |line: usize| content(line).len() - content(line).trim_start().len();
    let says_something = |line: usize| !matches!(content(line).trim_start().chars().next(), None | Some('#'));
    let own = indent(first);
    let nearest = (first.saturating_sub(MAX_DISTANCE).max(1)..first).rev().filter(|line| says_something(*line));
    nearest.take_while(|line| content(*line).len() <= MAX_LINE_LENGTH).find(|line| indent(*line) < own).unwrap_or(first)
}
