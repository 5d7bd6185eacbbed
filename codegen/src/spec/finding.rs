//! A problem as it is found: what is wrong, at a key or value whose line is not known yet.

use super::problems::Span;
use super::suggest::Advice;
use crate::diagnostic::Severity;

/// A problem whose lines are not known yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Finding {
    pub(super) span: Span,
    pub(super) severity: Severity,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: Advice,
    /// `None` for the code's own.
    pub(super) label: Option<String>,
    pub(super) related: Vec<(Span, String)>,
}

impl Finding {
    /// What prevents generating.
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Error, message.into());
        Self { span, severity, code, message, help: Advice::default(), label: None, related: Vec::new() }
    }

    /// What does not prevent generating.
    pub(crate) fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Says what would be right.
    pub(crate) fn help(self, help: impl Into<Advice>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// Says the cause in a few words, where the code's own are too general.
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// Names another place that has to do with it, and what.
    pub(crate) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}
