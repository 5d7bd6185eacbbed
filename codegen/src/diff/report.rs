//! The result of a comparison, and how it is printed.

use std::io::{self, Write};

use serde::Serialize;

use crate::diagnostic::{Place, count};
use crate::model::Origin;

/// All differences.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The root file of the specification that users have.
    pub old: String,
    /// The root file of the one that they are to get.
    pub new: String,
    /// Operations, then types, those without a difference left out.
    pub groups: Vec<Group>,
}

/// The differences of one operation or type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Which of the two.
    pub kind: Kind,
    /// `operationId`, or the definition's name.
    pub name: String,
    /// Its name in Rust: `Bucket::list_objects`, `types::Owner`.
    pub rust: String,
    /// At least one.
    pub changes: Vec<Change>,
}

/// Subject of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An operation, with its input and output.
    Operation,
    /// A structure or an enumeration.
    Type,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its effect on users.
    pub verdict: Verdict,
    /// Which part of the operation or type: `input limit`. Empty for the whole of it.
    pub part: String,
    /// Description of the change.
    pub message: String,
    /// Guess at the successor of a removed part; may be empty.
    pub hint: String,
    /// Which specification [`place`](Self::place) is in.
    pub side: Side,
    /// The place in the specification.
    pub place: Option<Place>,
    #[serde(skip)]
    pub(super) origin: Origin,
}

impl Change {
    /// A change of the new specification that affects only the documentation, until it is judged.
    pub(super) fn new(part: impl Into<String>, message: impl Into<String>, origin: Origin) -> Self {
        let (part, message, hint) = (part.into(), message.into(), String::new());
        Self { verdict: Verdict::Docs, part, message, hint, side: Side::New, place: None, origin }
    }
}

/// Effect of a difference on users, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Only the documentation changes.
    Docs,
    /// Something that failed works now.
    Fix,
    /// Something can be used that was not there.
    Addition,
    /// Programs compile, but send, receive or fail to send something else.
    BreakingBehaviour,
    /// Programs that used it do not compile.
    Breaking,
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

    /// Returns true if users have to act.
    pub fn is_breaking(self) -> bool {
        self >= Self::BreakingBehaviour
    }
}

/// Message of a difference that does not matter for the version.
pub(super) const DESCRIPTION: &str = "another description";

/// One of two specifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The one that users have.
    Old,
    /// The one that they are to get.
    New,
}

/// A step of a version, smallest first.
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

impl Step {
    /// The same below 1.0.0, where Cargo takes `0.2.0` to be incompatible with `0.1.0`, and `0.1.1` to be compatible.
    pub fn below_one(self) -> Self {
        match self {
            Self::Major => Self::Minor,
            Self::Minor | Self::Patch => Self::Patch,
            Self::None => Self::None,
        }
    }

    /// `major`, and so on.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::None => "version step: none",
            Self::Patch => "version step: patch (1.2.3 → 1.2.4; below 1.0.0 patch too: 0.1.0 → 0.1.1)",
            Self::Minor => "version step: minor (1.2.3 → 1.3.0; below 1.0.0 patch: 0.1.0 → 0.1.1)",
            Self::Major => "version step: major (1.2.3 → 2.0.0; below 1.0.0 minor: 0.1.0 → 0.2.0)",
        }
    }
}

/// Longer names of parts stand out of their column rather than to push all others away.
const MAX_WIDTH: usize = 36;

impl Report {
    /// The step of a version 1.0.0 or later that the differences ask for.
    pub fn step(&self) -> Step {
        let verdicts = self.changes().map(|change| change.verdict);
        match verdicts.max().unwrap_or(Verdict::Docs) {
            Verdict::Docs => Step::None,
            Verdict::Fix => Step::Patch,
            Verdict::Addition => Step::Minor,
            Verdict::BreakingBehaviour | Verdict::Breaking => Step::Major,
        }
    }

    /// All differences, in the order in which they are printed.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.groups.iter().flat_map(|group| &group.changes)
    }

    /// Returns true if users have to act.
    pub fn is_breaking(&self) -> bool {
        self.changes().any(|change| change.verdict.is_breaking())
    }

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
        let width = widths.filter(|width| *width <= MAX_WIDTH).max().unwrap_or(0);
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
