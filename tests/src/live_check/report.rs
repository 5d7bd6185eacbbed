//! The report in Markdown.

use std::env;
use std::fmt::Write;
use std::time::{Duration, SystemTime};

use qingstor_sdk::operations::HeadBucketInput;
use qingstor_sdk::{Result, Timestamp};

use crate::scenarios::{Outcome, Source};

use super::Site;
use super::signed::access_key_id;

/// Text for a point that no setting of the emulator changes.
const NO_SETTING: &str = "no setting";
/// Open points that a client of a bucket cannot observe.
const NOT_OBSERVABLE: &str = "\
Not part of this check: whether the host `qsstor.com` serves the same API, the S3-compatible endpoint, temporary \
credentials, parts of more than 5 GiB, and the error of an unknown zone.";

/// A comparison of a server with the emulator.
#[derive(Debug)]
pub(super) struct Check {
    subject: String,
    /// Behaviour of the emulator with its default settings.
    expected: String,
    /// Behaviour of the server, or the reason why it is not known.
    observed: std::result::Result<String, String>,
    /// Option of the emulator that changes its behaviour.
    setting: Option<&'static str>,
}

impl Check {
    pub(super) fn new(
        subject: impl Into<String>,
        expected: impl Into<String>,
        observed: std::result::Result<String, String>,
        setting: Option<&'static str>,
    ) -> Self {
        Self { subject: subject.into(), expected: expected.into(), observed, setting }
    }

    /// Creates a check that was not made.
    pub(super) fn not_made(subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(subject, "", Err(reason.into()), None)
    }

    fn agrees(&self) -> bool {
        self.observed.as_ref() == Ok(&self.expected)
    }

    fn differs(&self) -> bool {
        self.observed.as_ref().is_ok_and(|observed| *observed != self.expected)
    }
}

/// The results of a check. `Display` writes them as Markdown. They contain no access keys.
#[derive(Debug)]
pub struct Report {
    server: String,
    bucket: String,
    prefix: String,
    started: String,
    checks: Vec<Check>,
    /// The access keys, which error messages of the server may contain.
    secrets: Vec<String>,
    pub(super) is_interrupted: bool,
    /// Objects, versions, uploads and buckets that could not be removed.
    pub(super) remaining: Vec<String>,
}

impl Report {
    pub(super) fn new(site: &Site, is_created: bool) -> Result<Self> {
        let presigned = site.bucket.presign(HeadBucketInput::new(), Duration::from_secs(60))?;
        let url = presigned.url();
        let id = access_key_id(url);
        let variables = ["QINGSTOR_ACCESS_KEY_ID", "QINGSTOR_SECRET_ACCESS_KEY"];
        let secrets = id.map(str::to_owned).into_iter().chain(variables.iter().filter_map(|name| env::var(name).ok()));
        let origin: Vec<&str> = url.splitn(4, '/').take(3).collect();
        Ok(Self {
            server: origin.join("/"),
            bucket: format!("{}{}", site.bucket.name(), if is_created { " (created by this check)" } else { "" }),
            prefix: site.prefix.clone(),
            started: Timestamp::from(SystemTime::now()).to_http_date(),
            checks: Vec::new(),
            secrets: secrets.filter(|secret| !secret.is_empty()).collect(),
            is_interrupted: false,
            remaining: Vec::new(),
        })
    }

    /// Returns true if the check was completed, agrees with the emulator and has removed everything.
    pub fn is_success(&self) -> bool {
        !self.is_interrupted && self.remaining.is_empty() && !self.checks.iter().any(Check::differs)
    }

    /// Returns true if the check was interrupted.
    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted
    }

    pub(super) fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Adds the scenarios that failed, and one check for all others.
    pub(super) fn add_scenarios(&mut self, source: Source, outcome: Outcome, left_out: usize) {
        let name = source.name();
        for failure in outcome.failures {
            let subject = format!("scenario {name} {}", failure.scenario);
            self.add(Check::new(subject, "passes", Ok(failure.reason), None));
        }
        let passed = format!("{} passed", outcome.passed);
        self.add(match outcome.passed {
            0 => Check::not_made(format!("{name} scenarios"), "no scenario passed"),
            _ => Check::new(format!("{name} scenarios"), passed.clone(), Ok(passed), None),
        });
        if outcome.skipped > 0 {
            let reason = "the server does not serve the operation";
            self.add(Check::not_made(format!("{} of the {name} scenarios", outcome.skipped), reason));
        }
        if left_out > 0 {
            let reason = "they are not safe here: they change settings of the bucket, which needs --create-bucket, or \
                          create other buckets, which only an emulator allows";
            self.add(Check::not_made(format!("{left_out} of the {name} scenarios"), reason));
        }
    }

    fn render(&self) -> String {
        let mut text = String::from("# Live check of qingstor-sdk\n\n");
        let mut line = |name: &str, value: &str| text.push_str(&format!("- {name}: {value}\n"));
        line("Server", &self.server);
        line("Bucket", &self.bucket);
        line("Prefix", &format!("`{}`", self.prefix));
        line("Started", &self.started);
        line("Version", env!("CARGO_PKG_VERSION"));
        let agreeing: Vec<&Check> = self.checks.iter().filter(|check| check.agrees()).collect();
        let differing: Vec<&Check> = self.checks.iter().filter(|check| check.differs()).collect();
        let not_made: Vec<(&Check, &String)> =
            self.checks.iter().filter_map(|check| Some((check, check.observed.as_ref().err()?))).collect();
        let _ = write!(
            text,
            "\n{} checks agree with the emulator, {} differ, {} were not made.\n",
            agreeing.len(),
            differing.len(),
            not_made.len()
        );
        if self.is_interrupted {
            text.push_str("\n**The check was interrupted**, so the report is incomplete.\n");
        }
        let rows = differing.iter().map(|check| {
            let observed = check.observed.as_deref().unwrap_or_default();
            vec![check.subject.as_str(), &check.expected, observed, check.setting.unwrap_or(NO_SETTING)]
        });
        let columns = ["check", "emulator", "this server", "setting of the emulator"];
        table(&mut text, "Differences", &columns, rows);
        let rows = agreeing.iter().map(|check| vec![check.subject.as_str(), &check.expected]);
        table(&mut text, "Agreements", &["check", "emulator and this server"], rows);
        let rows = not_made.iter().map(|(check, reason)| vec![check.subject.as_str(), reason]);
        table(&mut text, "Checks that were not made", &["check", "reason"], rows);
        let _ = write!(text, "\n{NOT_OBSERVABLE}\n\n## Clean-up\n\n");
        if self.remaining.is_empty() {
            text.push_str("Everything that this check created was removed.\n");
        } else {
            text.push_str("Could not be removed; remove it by hand:\n\n");
            self.remaining.iter().for_each(|remaining| text.push_str(&format!("- {}\n", cell(remaining))));
        }
        text
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.render();
        f.write_str(&self.secrets.iter().fold(text, |text, secret| text.replace(secret.as_str(), "(redacted)")))
    }
}

/// Writes a section with a table.
fn table<'t>(text: &mut String, title: &str, columns: &[&str], rows: impl Iterator<Item = Vec<&'t str>>) {
    let _ = write!(text, "\n## {title}\n\n");
    let rows: Vec<Vec<&str>> = rows.collect();
    if rows.is_empty() {
        text.push_str("None.\n");
        return;
    }
    let mut row = |cells: Vec<String>| text.push_str(&format!("| {} |\n", cells.join(" | ")));
    row(columns.iter().map(|column| (*column).to_owned()).collect());
    row(columns.iter().map(|_| "---".to_owned()).collect());
    rows.into_iter().for_each(|cells| row(cells.into_iter().map(cell).collect()));
}

/// Returns a text on one line, with the characters escaped that would end a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(checks: Vec<Check>) -> Report {
        Report {
            server: "https://qingstor.com".into(),
            bucket: "bucket".into(),
            prefix: "live-check/".into(),
            started: "Wed, 10 Dec 2014 17:20:31 GMT".into(),
            checks,
            secrets: vec!["TOPSECRET".into()],
            is_interrupted: false,
            remaining: Vec::new(),
        }
    }

    #[test]
    fn difference_names_the_setting_and_stays_in_its_cell() {
        let observed = Ok("a|b\nc".to_owned());
        let differing = report(vec![Check::new("subject", "400", observed, Some("`--option`"))]);
        assert!(differing.to_string().contains("| subject | 400 | a\\|b c | `--option` |\n"), "{differing}");
        assert!(!differing.is_success());
        let other = report(vec![Check::new("subject", "400", Ok("500".to_owned()), None)]);
        assert!(other.to_string().contains("| subject | 400 | 500 | no setting |\n"), "{other}");
    }

    #[test]
    fn report_without_differences_is_a_success() {
        let agreeing = report(vec![
            Check::new("subject", "400", Ok("400".to_owned()), None),
            Check::not_made("other", "no permission"),
        ]);
        assert!(agreeing.is_success());
        let text = agreeing.to_string();
        assert!(text.contains("1 checks agree with the emulator, 0 differ, 1 were not made."), "{text}");
        assert!(text.contains("| other | no permission |\n"), "{text}");
    }

    #[test]
    fn scenarios_of_which_none_passed_are_not_an_agreement() {
        let mut report = report(Vec::new());
        report.add_scenarios(Source::Official, Outcome::default(), 0);
        let text = report.to_string();
        assert!(text.contains("0 checks agree with the emulator, 0 differ, 1 were not made."), "{text}");
        assert!(text.contains("| official scenarios | no scenario passed |\n"), "{text}");
    }

    #[test]
    fn report_redacts_access_keys() {
        let text = report(vec![Check::not_made("subject", "the key TOPSECRET is not known")]).to_string();
        assert!(text.contains("the key (redacted) is not known"), "{text}");
        assert!(!text.contains("TOPSECRET"));
    }
}
