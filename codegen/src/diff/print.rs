//! A comparison as the command prints it.

use std::io::{self, Write};

use serde::Serialize;

use super::change::{Change, DESCRIPTION, Group, Kind, Report, Verdict};
use super::version::Step;
use crate::diagnostic::count;

/// Longer names of parts stand out of their column rather than to push all others away.
const WIDEST: usize = 36;

impl Report {
    /// Writes a line for each difference, those of one operation or type together, and the version step in the end.
    pub fn print(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{} → {}", self.old, self.new)?;
        for group in &self.groups {
            group.print(to)?;
        }
        writeln!(to, "\n{}\n{}", self.summary(), self.step().in_words())
    }

    /// Writes one JSON object with all differences and the version step.
    pub fn print_json(&self, to: &mut dyn Write) -> io::Result<()> {
        let document = Document {
            report: self,
            step: self.step(),
            step_below_one: self.step().below_one(),
            is_breaking: self.is_breaking(),
        };
        serde_json::to_writer_pretty(&mut *to, &document)?;
        writeln!(to)
    }

    fn summary(&self) -> String {
        let of = |verdict: Verdict| self.changes().filter(|change| change.verdict == verdict).count();
        let behaviour = of(Verdict::BreakingBehaviour);
        let breaking = match (of(Verdict::Breaking) + behaviour, behaviour) {
            (0, _) => None,
            (all, 0) => Some(format!("{all} breaking")),
            (all, quiet) if all == quiet => Some(format!("{all} breaking (which the compiler does not notice)")),
            (all, quiet) => Some(format!("{all} breaking ({quiet} of which the compiler does not notice)")),
        };
        let some = |verdict: Verdict, what: &str| Some(of(verdict)).filter(|it| *it > 0).map(|it| count(it, what));
        let fixes = match of(Verdict::Fix) {
            0 => None,
            1 => Some("1 fix".to_owned()),
            many => Some(format!("{many} fixes")),
        };
        let docs = some(Verdict::Docs, "difference").map(|count| format!("{count} in the documentation only"));
        let parts: Vec<String> =
            [breaking, some(Verdict::Addition, "addition"), fixes, docs].into_iter().flatten().collect();
        if parts.is_empty() { "no difference".to_owned() } else { parts.join(", ") }
    }
}

#[derive(Serialize)]
struct Document<'r> {
    #[serde(flatten)]
    report: &'r Report,
    step: Step,
    step_below_one: Step,
    is_breaking: bool,
}

impl Group {
    fn print(&self, to: &mut dyn Write) -> io::Result<()> {
        let kind = self.kind.word();
        writeln!(to, "\n{kind} {}: {}", self.name, self.rust)?;
        let part = |change: &Change| if change.part.is_empty() { kind.to_owned() } else { change.part.clone() };
        let (described, mut changes): (Vec<&Change>, Vec<&Change>) =
            self.changes.iter().partition(|change| change.message == DESCRIPTION);
        changes.sort_by_key(|change| std::cmp::Reverse(change.verdict));
        let widths = changes.iter().map(|change| part(change).chars().count());
        let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
        for change in changes {
            let hint = if change.hint.is_empty() { String::new() } else { format!("; {}", change.hint) };
            let place = change.place.as_ref().map(|place| format!("  ({place})")).unwrap_or_default();
            let verdict = change.verdict.word();
            writeln!(to, "  {verdict:<8}  {:<width$}  {}{hint}{place}", part(change), change.message)?;
        }
        if described.is_empty() {
            return Ok(());
        }
        // A line for each would bury everything else; the JSON has their places.
        let parts: Vec<String> = described.into_iter().map(part).collect();
        writeln!(to, "  {:<8}  {DESCRIPTION} of {}", Verdict::Docs.word(), parts.join(", "))
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Type => "type",
        }
    }
}

impl Verdict {
    /// `breaking`, and so on.
    pub fn word(self) -> &'static str {
        match self {
            Self::Docs => "docs",
            Self::Fix => "fix",
            Self::Addition => "addition",
            Self::BreakingBehaviour | Self::Breaking => "breaking",
        }
    }
}

impl Step {
    fn in_words(self) -> &'static str {
        match self {
            Self::None => "version step: none",
            Self::Patch => "version step: patch (1.2.3 → 1.2.4; below 1.0.0 patch too: 0.1.0 → 0.1.1)",
            Self::Minor => "version step: minor (1.2.3 → 1.3.0; below 1.0.0 patch: 0.1.0 → 0.1.1)",
            Self::Major => "version step: major (1.2.3 → 2.0.0; below 1.0.0 minor: 0.1.0 → 0.2.0)",
        }
    }
}
