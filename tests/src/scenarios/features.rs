//! Reads and selects feature files.

use std::fmt;
use std::path::{Path, PathBuf};

use cucumber::feature::Ext;
use cucumber::gherkin::{Feature, GherkinEnv, ParseFileError};
use cucumber::{Parser, cli, parser};
use futures_util::stream;

/// The origin of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The folder `tests/features`.
    Own,
    /// QingStor's official features.
    Official,
}

impl Source {
    /// Returns the name for messages and prefixes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Official => "official",
        }
    }
}

/// Features, or the reasons why files could not be read.
pub type Features = Vec<parser::Result<Feature>>;

/// The part of an account that a scenario needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// Objects and uploads below a prefix.
    Prefix,
    /// A bucket whose settings may be changed.
    OwnBucket,
    /// An account in which no other program uses any bucket.
    Emulator,
}

/// Tags of features that need only objects and uploads below a prefix.
const PREFIX_TAGS: [&str; 8] =
    ["append", "bucket", "encryption", "form", "image", "object", "object_multipart", "service"];
/// Tags of features and scenarios that change the settings of the bucket. `bucket_…` is another one.
const OWN_BUCKET_TAGS: [&str; 2] = ["own_bucket", "versioning"];

impl Needs {
    /// Returns the need of a scenario by the tags of its feature and its own. An unknown tag needs an emulator.
    fn of<'t>(tags: impl Iterator<Item = &'t String>) -> Self {
        let need = |tag: &String| match tag.as_str() {
            tag if PREFIX_TAGS.contains(&tag) => Self::Prefix,
            tag if OWN_BUCKET_TAGS.contains(&tag) || tag.starts_with("bucket_") => Self::OwnBucket,
            _ => Self::Emulator,
        };
        tags.map(need).max().unwrap_or(Self::Emulator)
    }
}

/// Removes the scenarios that need more than `allowed`. Returns the number of removed scenarios.
pub(crate) fn retain_allowed(features: &mut Features, allowed: Needs) -> usize {
    let mut removed = 0;
    for feature in features.iter_mut().flatten() {
        let before = feature.scenarios.len();
        let tags = &feature.tags;
        feature.scenarios.retain(|scenario| Needs::of(tags.iter().chain(&scenario.tags)) <= allowed);
        removed += before - feature.scenarios.len();
    }
    features.retain(|feature| feature.as_ref().map_or(true, |feature| !feature.scenarios.is_empty()));
    removed
}

/// Options of libtest that are followed by a value.
const OPTIONS_WITH_VALUE: [&str; 7] =
    ["--color", "--format", "--logfile", "--shuffle-seed", "--skip", "--test-threads", "-Z"];

/// Selects features and scenarios whose name or file name contains one of the words. Without words, it selects all.
#[derive(Debug, Default)]
pub struct Filter(Vec<String>);

impl Filter {
    /// Reads the words among command line arguments, which also contain options.
    pub fn from_arguments(arguments: &[String]) -> Self {
        let mut words = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if OPTIONS_WITH_VALUE.contains(&argument.as_str()) {
                arguments.next();
            } else if !argument.starts_with('-') {
                words.push(argument.clone());
            }
        }
        Self(words)
    }

    /// Returns true if the filter selects everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn matches(&self, name: &str) -> bool {
        self.is_empty() || self.0.iter().any(|word| name.contains(word.as_str()))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|word| format!("`{word}`")).collect();
        f.write_str(&words.join(" or "))
    }
}

/// Returns the selected features of a folder in the order of their file names. Each example of a scenario outline
/// becomes a scenario.
pub fn read_folder(folder: &Path, filter: &Filter) -> Features {
    let found = std::fs::read_dir(folder).and_then(|entries| {
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "feature"));
        paths.sort();
        if paths.is_empty() {
            return Err(std::io::Error::other("the folder contains no .feature file"));
        }
        Ok(paths)
    });
    match found {
        Ok(paths) => paths.iter().map(|path| read_file(path)).filter_map(|feature| select(feature, filter)).collect(),
        Err(source) => vec![Err(ParseFileError::Reading { path: folder.to_owned(), source }.into())],
    }
}

/// Removes the scenarios that the filter does not select. Returns `None` if none is left.
fn select(feature: parser::Result<Feature>, filter: &Filter) -> Option<parser::Result<Feature>> {
    let Ok(mut feature) = feature else { return Some(feature) };
    if !filter.matches(&feature.name) && !filter.matches(&file_name(&feature)) {
        feature.scenarios.retain(|scenario| filter.matches(&scenario.name));
    }
    (!feature.scenarios.is_empty()).then_some(Ok(feature))
}

fn read_file(path: &Path) -> parser::Result<Feature> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ParseFileError::Reading { path: path.to_owned(), source })?;
    let text: String = text.lines().map(|line| escape_backslashes(line) + "\n").collect();
    let mut feature = Feature::parse(text, GherkinEnv::default()).map_err(|source| ParseFileError::Parsing {
        path: path.to_owned(),
        error: None,
        source,
    })?;
    feature.path = Some(path.to_owned());
    if !feature.rules.is_empty() {
        let source = std::io::Error::other("`Rule:` is not supported: cucumber would ignore its scenarios");
        return Err(ParseFileError::Reading { path: path.to_owned(), source }.into());
    }
    Ok(feature.expand_examples()?)
}

/// Escapes the backslashes in a line of a table that do not begin an escape sequence.
///
/// Gherkin defines the escape sequences `\|`, `\\` and `\n`, and any other backslash stands for itself. The crate
/// `gherkin` fails for a backslash before another character.
fn escape_backslashes(line: &str) -> String {
    if !line.trim_start().starts_with('|') {
        return line.to_owned();
    }
    let mut escaped = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        escaped.push(character);
        if character == '\\' {
            match characters.next_if(|next| matches!(next, '|' | '\\' | 'n')) {
                Some(next) => escaped.push(next),
                None => escaped.push('\\'),
            }
        }
    }
    escaped
}

/// Returns the file name of a feature, for example `bucket.feature`.
pub fn file_name(feature: &Feature) -> String {
    let name = feature.path.as_deref().and_then(Path::file_name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// A cucumber parser for features that are already parsed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed;

impl Parser<Features> for Parsed {
    type Cli = cli::Empty;
    type Output = stream::Iter<std::vec::IntoIter<parser::Result<Feature>>>;

    fn parse(self, features: Features, _: Self::Cli) -> Self::Output {
        stream::iter(features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::{OFFICIAL_VARIABLE, own_features};

    /// Returns the steps of the scenarios that may run with the given part of an account, in lower case.
    fn allowed_steps(allowed: Needs) -> Vec<String> {
        let official = std::env::var_os(OFFICIAL_VARIABLE).map(PathBuf::from);
        let folders = [own_features()].into_iter().chain(official);
        let mut features: Features = folders.flat_map(|folder| read_folder(&folder, &Filter::default())).collect();
        retain_allowed(&mut features, allowed);
        let scenarios = features.into_iter().flat_map(|feature| feature.unwrap().scenarios);
        scenarios.flat_map(|scenario| scenario.steps).map(|step| step.value.to_lowercase()).collect()
    }

    #[test]
    fn scenarios_in_a_shared_bucket_change_no_bucket() {
        let steps = allowed_steps(Needs::Prefix);
        let changes = |step: &&String| {
            let is_bucket = ["put bucket", "put empty bucket", "delete bucket", "delete the bucket", "a bucket "];
            is_bucket.iter().any(|start| step.starts_with(start))
        };
        assert_eq!(steps.iter().filter(changes).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(steps.iter().any(|step| step.starts_with("put object")));
    }

    #[test]
    fn scenarios_in_an_own_bucket_change_no_other_bucket() {
        let steps = allowed_steps(Needs::OwnBucket);
        let changes = |step: &&String| {
            let is_other = [
                "put bucket \"",
                "put bucket cname",
                "put bucket logging",
                "put bucket replication",
                "delete bucket \"",
                "a bucket ",
            ];
            is_other.iter().any(|start| step.starts_with(start))
        };
        assert_eq!(steps.iter().filter(changes).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(steps.iter().any(|step| step.starts_with("put bucket versioning")));
    }

    #[test]
    fn unknown_tag_needs_an_emulator() {
        let needs = |tags: &[&str]| Needs::of(tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>().iter());
        assert_eq!(needs(&["object"]), Needs::Prefix);
        assert_eq!(needs(&["object", "own_bucket"]), Needs::OwnBucket);
        assert_eq!(needs(&["bucket_acl"]), Needs::OwnBucket);
        assert_eq!(needs(&["object", "new"]), Needs::Emulator);
        assert_eq!(needs(&[]), Needs::Emulator);
    }
}
