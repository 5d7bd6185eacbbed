//! The result of a comparison, as text and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::diagnostic::Place;
use crate::model::{Api, Origin};

/// All differences between two specifications.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Root file of the old specification.
    pub old: String,
    /// Root file of the new specification.
    pub new: String,
    /// Operations and types that differ.
    pub groups: Vec<Group>,
    /// Required step if the version is at least 1.0.0.
    pub step: Step,
    /// Required step if the version is below 1.0.0. Cargo treats 0.2.0 as incompatible with 0.1.0, and 0.1.1 as
    /// compatible.
    pub step_below_one: Step,
    /// True if a change is breaking.
    pub is_breaking: bool,
}

/// Differences of one operation or type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// `operation` or `type`.
    pub kind: &'static str,
    /// `operationId`, or the name of the definition.
    pub name: String,
    /// Name in Rust, such as `Bucket::list_objects` or `types::Owner`.
    pub rust: String,
    /// At least one change.
    pub changes: Vec<Change>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Effect on users.
    pub verdict: Verdict,
    /// Changed part of the operation or type, such as `input limit`. Empty if the change is to the operation or type as
    /// a whole.
    pub part: String,
    /// Description of the change.
    pub message: String,
    /// Guess at the new name of a removed part. May be empty.
    pub hint: String,
    /// The specification that contains [`place`](Self::place).
    pub side: Side,
    /// Place in the specification.
    pub place: Option<Place>,
    #[serde(skip)]
    pub(super) origin: Origin,
}

impl Change {
    /// Creates a change that is located in the new specification. Its verdict is [`Verdict::Docs`] until its effects
    /// are known.
    pub(super) fn new(part: impl Into<String>, message: impl Into<String>, origin: Origin) -> Self {
        let (part, message, hint) = (part.into(), message.into(), String::new());
        Self { verdict: Verdict::Docs, part, message, hint, side: Side::New, place: None, origin }
    }

    /// Creates a breaking change: the removal of a part of the old specification.
    pub(super) fn removed(part: impl Into<String>, origin: Origin, hint: String) -> Self {
        Self { verdict: Verdict::Breaking, hint, side: Side::Old, ..Self::new(part, "is removed", origin) }
    }
}

/// Effect of a difference on users, from none to the most severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Only the documentation changes.
    Docs,
    /// A call that failed can succeed.
    Fix,
    /// Users can do something new.
    Addition,
    /// Existing programs compile, but requests, responses or errors change.
    BreakingBehaviour,
    /// Existing programs no longer compile.
    Breaking,
}

impl Verdict {
    /// Returns the word that is printed, such as `breaking`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Docs => "docs",
            Self::Fix => "fix",
            Self::Addition => "addition",
            Self::BreakingBehaviour | Self::Breaking => "breaking",
        }
    }
}

/// Message of a change of `description` or `summary`.
pub(super) const DESCRIPTION: &str = "new description";

/// One of the two specifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The specification that users have.
    Old,
    /// The specification that users update to.
    New,
}

/// Part of a version number that has to increase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// No release is needed.
    None,
    /// The third number.
    Patch,
    /// The second number.
    Minor,
    /// The first number.
    Major,
}

impl Report {
    pub(super) fn new(old: &Api, new: &Api, groups: Vec<Group>) -> Self {
        let verdicts = groups.iter().flat_map(|group| &group.changes).map(|change| change.verdict);
        let (step, step_below_one) = match verdicts.max().unwrap_or(Verdict::Docs) {
            Verdict::Docs => (Step::None, Step::None),
            Verdict::Fix => (Step::Patch, Step::Patch),
            Verdict::Addition => (Step::Minor, Step::Patch),
            Verdict::BreakingBehaviour | Verdict::Breaking => (Step::Major, Step::Minor),
        };
        let is_breaking = step == Step::Major;
        Self { old: old.source.clone(), new: new.source.clone(), groups, step, step_below_one, is_breaking }
    }

    /// Returns all changes in the order of the report.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.groups.iter().flat_map(|group| &group.changes)
    }

    /// Writes a section for each operation and type with a line for each change, and at the end the version step.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} → {}", self.old, self.new)?;
        for group in &self.groups {
            group.print(out)?;
        }
        let step = match self.step {
            Step::None => "none",
            Step::Patch => "patch (1.2.3 → 1.2.4; below 1.0.0 patch too: 0.1.0 → 0.1.1)",
            Step::Minor => "minor (1.2.3 → 1.3.0; below 1.0.0 patch: 0.1.0 → 0.1.1)",
            Step::Major => "major (1.2.3 → 2.0.0; below 1.0.0 minor: 0.1.0 → 0.2.0)",
        };
        writeln!(out, "\n{}\nversion step: {step}", self.summary())
    }

    /// Writes the report as one JSON object.
    pub fn print_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }

    fn summary(&self) -> String {
        let count = |verdict: Verdict| self.changes().filter(|change| change.verdict == verdict).count();
        let behaviour = count(Verdict::BreakingBehaviour);
        let suffix = if behaviour > 0 { format!(" ({behaviour} without a compiler error)") } else { String::new() };
        let counts = [
            ("breaking", count(Verdict::Breaking) + behaviour, suffix.as_str()),
            ("addition", count(Verdict::Addition), ""),
            ("fix", count(Verdict::Fix), ""),
            ("docs", count(Verdict::Docs), ""),
        ];
        let counts = counts.iter().filter(|(_, number, _)| *number > 0);
        let counts: Vec<String> = counts.map(|(word, number, suffix)| format!("{word}: {number}{suffix}")).collect();
        if counts.is_empty() { "no differences".to_owned() } else { counts.join(", ") }
    }
}

impl Group {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{} {}: {}", self.kind, self.name, self.rust)?;
        let part = |change: &Change| if change.part.is_empty() { self.kind.to_owned() } else { change.part.clone() };
        // Descriptions share one line, because a line for each would hide the other changes. JSON has their places.
        let (descriptions, mut changes): (Vec<&Change>, Vec<&Change>) =
            self.changes.iter().partition(|change| change.message == DESCRIPTION);
        changes.sort_by_key(|change| std::cmp::Reverse(change.verdict));
        let width = changes.iter().map(|change| part(change).chars().count()).max().unwrap_or(0);
        for change in changes {
            let hint = if change.hint.is_empty() { String::new() } else { format!("; {}", change.hint) };
            let place = change.place.as_ref().map(|place| format!("  ({place})")).unwrap_or_default();
            let verdict = change.verdict.word();
            writeln!(out, "  {verdict:<8}  {:<width$}  {}{hint}{place}", part(change), change.message)?;
        }
        if descriptions.is_empty() {
            return Ok(());
        }
        let parts: Vec<String> = descriptions.into_iter().map(part).collect();
        writeln!(out, "  {:<8}  {DESCRIPTION} of {}", Verdict::Docs.word(), parts.join(", "))
    }
}
