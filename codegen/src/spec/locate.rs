//! Places of problems. Finding a line takes another reading of its file, so all are looked for at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::files::Files;
use super::node::NodeId;
use super::problems::{FileId, Finding, Problems, Span, Within};
use super::span;
use super::suggest::Advice;
use crate::diagnostic::{MAX_PROBLEMS, Place, Problem, Related, Source, Sources, Suggestion, codes, count};

/// The problems that are printed, and how many there are beyond them.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) problems: Vec<Problem>,
    pub(crate) unkept: usize,
    /// The files that they are about.
    pub(crate) sources: Sources,
}

/// The problems in the order of their places.
pub(super) fn locate(found: Problems, files: &Files) -> Located {
    let sources = files.sources();
    let related = |finding: &Finding| finding.related.iter().map(|(span, _)| *span).collect::<Vec<_>>();
    let spans = found.found.iter().flat_map(|finding| [vec![finding.span], related(finding)]).flatten();
    let places = places(spans, files, &sources);
    let place = |span: Span| places.get(&span).cloned().unwrap_or_else(|| beginning(files.name(span.file)));
    let mut problems: Vec<Problem> = Vec::new();
    for Finding { span, severity, code, message, help, label, related } in found.found {
        let at = place(span);
        let suggestion = sources.get(&at.file).and_then(|source| suggestion(&help, &at, source));
        let related = related.into_iter().map(|(span, label)| Related { place: place(span), label });
        let related = related.filter(|related| related.place != at).collect();
        let own_label = || codes::find(code).map_or(String::new(), |code| code.label.to_owned());
        let label = label.unwrap_or_else(own_label);
        let help = help.text;
        problems.push(Problem { place: at, severity, code, message, label, help, related, suggestion });
    }
    problems.sort();
    // A value with an anchor is read once for each alias. A value that several `$ref`s lead to is reported once, with
    // the longest way there.
    problems.dedup_by(|next, kept| {
        let is_same = (&next.place, next.severity, next.code, &next.message, &next.help)
            == (&kept.place, kept.severity, kept.code, &kept.message, &kept.help);
        if is_same && next.related.len() > kept.related.len() {
            std::mem::swap(next, kept);
        }
        is_same
    });
    let unkept = found.unkept.len();
    if let (Some(last), 1..) = (problems.last_mut(), unkept) {
        last.help.push_str(&format!("\n(and {} after the first {MAX_PROBLEMS})", count(unkept, "more problem")));
    }
    Located { problems, unkept, sources }
}

/// Returns the places of spans. Each file is read again, once for all of its spans.
pub(crate) fn places(spans: impl Iterator<Item = Span>, files: &Files, sources: &Sources) -> BTreeMap<Span, Place> {
    let mut bytes: BTreeMap<Span, Range<usize>> = BTreeMap::new();
    let mut wanted: BTreeMap<FileId, BTreeSet<NodeId>> = BTreeMap::new();
    for span in spans {
        match span.within {
            Within::Text(start, end) => drop(bytes.insert(span, start..end)),
            Within::Node(id) => drop(wanted.entry(span.file).or_default().insert(id)),
        }
    }
    for (file, ids) in wanted {
        let Some((source, root)) = files.get(file).and_then(|it| Some((it, it.root.as_ref()?))) else { continue };
        let found = span::find(source.source.text(), root, &ids).into_iter();
        bytes.extend(found.map(|(id, bytes)| (Span::node(file, id), bytes)));
    }
    let places = bytes.into_iter().filter_map(|(span, bytes)| {
        let name = files.name(span.file);
        Some((span, sources.get(name)?.place(name, bytes)))
    });
    places.collect()
}

fn beginning(file: &str) -> Place {
    Source::new(String::new(), 0).place(file, 0..0)
}

/// The replacement that an advice asks for, if what it replaces stands in the place.
fn suggestion(help: &Advice, at: &Place, source: &Source) -> Option<Suggestion> {
    let swap = help.swap.as_ref().filter(|swap| !swap.wrong.is_empty())?;
    let start = at.start + source.text().get(at.start..at.end)?.rfind(&swap.wrong)?;
    let place = source.place(&at.file, start..start + swap.wrong.len());
    Some(Suggestion { place, replacement: swap.right.clone() })
}
