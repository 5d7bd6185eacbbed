//! Which step of the version the differences ask for.

use serde::Serialize;

use super::change::{Report, Verdict};

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
    pub fn changes(&self) -> impl Iterator<Item = &super::Change> {
        self.groups.iter().flat_map(|group| &group.changes)
    }

    /// Whether users have to act.
    pub fn is_breaking(&self) -> bool {
        self.changes().any(|change| change.verdict.is_breaking())
    }
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
}
