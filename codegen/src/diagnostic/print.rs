//! Prints problems with their source lines, or as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet};

use super::json;
use super::problem::{Problem, Severity, count};
use super::source::{Place, Source, Sources};

/// Maximum number of warnings with the same code that are printed. Further ones are counted. JSON contains all.
const MAX_WARNINGS_PER_CODE: usize = 10;

/// The output format of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printer {
    /// Source lines with annotations.
    Drawn(Style),
    /// One JSON object per line.
    Json,
}

impl Printer {
    /// Writes problems.
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
            let number = warnings.entry(problem.code).or_default();
            *number += 1;
            if *number > MAX_WARNINGS_PER_CODE {
                continue;
            }
        }
        writeln!(to, "{}", draw(problem, sources, style))?;
    }
    for (code, number) in warnings.into_iter().filter(|(_, number)| *number > MAX_WARNINGS_PER_CODE) {
        let more = count(number - MAX_WARNINGS_PER_CODE, &format!("more `{code}` warning"));
        writeln!(to, "… and {more} (--format json lists all)")?;
    }
    Ok(())
}

/// The style of annotated source lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without colours.
    Plain,
    /// With colours, as escape sequences of a terminal.
    Coloured,
}

/// Maximum length in bytes of a line that is printed whole. Of a longer line, only the surroundings of the place are
/// printed, because annotate-snippets processes the whole text that it gets.
const MAX_LINE_LENGTH: usize = 2000;
/// Number of bytes of such a line that are printed on either side of the place.
const CONTEXT: usize = 200;
/// Maximum length in bytes of a line for which a suggestion is printed as a changed line. For a longer line, only the
/// advice is printed.
const MAX_PATCHED_LINE_LENGTH: usize = 140;

/// Returns a problem with its source lines. The text ends with a line break.
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
    // annotate-snippets prints suggestions as whole lines.
    let suggestion =
        suggestion.filter(|(it, source)| source.lines(it.place.line, it.place.line).len() <= MAX_PATCHED_LINE_LENGTH);
    let Some((suggestion, source)) = suggestion else {
        if !problem.help.is_empty() {
            main = main.element(Level::HELP.message(problem.help.as_str()));
        }
        return vec![main];
    };
    let window = Window::around(source, [&suggestion.place].into_iter());
    let patch = Patch::new(window.relative(&suggestion.place), suggestion.replacement.as_str());
    let snippet = Snippet::source(window.text).line_start(window.line).patch(patch);
    vec![main, Group::with_title(Level::HELP.secondary_title(problem.help.as_str())).element(snippet)]
}

/// Returns the source lines of a problem and its related places, one snippet for each file. The file of the problem
/// comes first.
fn snippets<'p>(problem: &'p Problem, sources: &'p Sources) -> Vec<Element<'p>> {
    let mut places = vec![(&problem.place, problem.label.as_str(), AnnotationKind::Primary)];
    places.extend(problem.related.iter().map(|it| (&it.place, it.label.as_str(), AnnotationKind::Context)));
    let mut elements = Vec::new();
    while let Some((first, ..)) = places.first().copied() {
        let source = sources.get(&first.file);
        let is_cut = source.is_some_and(|source| places.iter().any(|(place, ..)| Window::is_cut(source, place)));
        // A line that is too long is cut around one place, so each place gets its own snippet.
        let belongs = |place: &Place| if is_cut { place == first } else { place.file == first.file };
        let (here, others) = places.into_iter().partition::<Vec<_>, _>(|(place, ..)| belongs(place));
        places = others;
        let shown = source.filter(|source| !source.text().is_empty());
        if shown.is_none() || is_cut {
            // In a cut line, annotate-snippets would print the column within the excerpt.
            elements.push(Element::Origin(Origin::path(&first.file).line(first.line).char_column(first.column)));
        }
        if let Some(source) = shown {
            let window = Window::around(source, here.iter().map(|(place, ..)| *place));
            let annotations = here.iter().map(|(place, label, kind)| kind.span(window.relative(place)).label(*label));
            let annotations: Vec<Annotation<'_>> = annotations.chain(window.enclosing(first)).collect();
            let path = (!is_cut).then_some(first.file.as_str());
            let snippet = Snippet::source(window.text).path(path).line_start(window.line).annotations(annotations);
            elements.push(Element::Cause(snippet));
        }
    }
    elements
}

/// The part of a file that annotate-snippets gets. It processes every line that it gets.
struct Window<'s> {
    text: &'s str,
    /// First byte of the part.
    start: usize,
    /// First line of the part.
    line: usize,
}

impl<'s> Window<'s> {
    fn is_cut(source: &Source, place: &Place) -> bool {
        let lines = source.lines(place.line, place.end_line);
        lines.len() > MAX_LINE_LENGTH
    }

    /// Returns the lines of all places and, if they are not too long, the line that contains them in the YAML tree.
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

    /// Returns the bytes of a place, counted from the start of the window.
    fn relative(&self, place: &Place) -> Range<usize> {
        let relative = |byte: usize| byte.saturating_sub(self.start).min(self.text.len());
        relative(place.start)..relative(place.end)
    }

    /// Returns an annotation that makes the first line visible, if it is above the place.
    fn enclosing(&self, place: &Place) -> Option<Annotation<'s>> {
        let is_above = self.start < place.start && self.line < place.line;
        is_above.then(|| AnnotationKind::Visible.span(0..0))
    }
}

/// Returns the nearest line above the first place that is indented less, which is the parent in the YAML tree. A key or
/// an item of a list means little without its parent.
fn enclosing_line<'p>(source: &Source, places: impl Iterator<Item = &'p Place>) -> usize {
    const MAX_DISTANCE: usize = 30;
    let Some(first) = places.map(|place| place.line).min() else { return 1 };
    let content = |line: usize| source.text().get(source.lines(line, line)).unwrap_or_default();
    let indent = |line: usize| content(line).len() - content(line).trim_start().len();
    let is_content = |line: usize| !matches!(content(line).trim_start().chars().next(), None | Some('#'));
    let own = indent(first);
    let nearest = (first.saturating_sub(MAX_DISTANCE).max(1)..first).rev().filter(|line| is_content(*line));
    nearest.take_while(|line| content(*line).len() <= MAX_LINE_LENGTH).find(|line| indent(*line) < own).unwrap_or(first)
}
