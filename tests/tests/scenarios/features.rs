//! Feature files: finding, mending and choosing them.

use std::fmt;
use std::path::{Path, PathBuf};

use cucumber::feature::Ext;
use cucumber::gherkin::{Feature, GherkinEnv, ParseFileError};
use cucumber::{Parser, cli, parser};
use futures_util::stream;

/// Whose features they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Those of `tests/features`.
    Own,
    /// Those of QingStor's authors.
    Official,
}

impl Source {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Official => "official",
        }
    }
}

/// Options of libtest that are followed by a value, which is no word.
const VALUED_OPTIONS: [&str; 7] =
    ["--color", "--format", "--logfile", "--shuffle-seed", "--skip", "--test-threads", "-Z"];

/// The features and scenarios that are wanted.
#[derive(Debug)]
pub(crate) struct Chosen(Vec<String>);

impl Chosen {
    /// Those in whose name or file name one of the words among the arguments occurs; without words, all.
    pub(crate) fn by(arguments: &[String]) -> Self {
        let mut words = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if VALUED_OPTIONS.contains(&argument.as_str()) {
                arguments.next();
            } else if !argument.starts_with('-') {
                words.push(argument.clone());
            }
        }
        Self(words)
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    fn wants(&self, name: &str) -> bool {
        self.is_everything() || self.0.iter().any(|word| name.contains(word.as_str()))
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|word| format!("`{word}`")).collect();
        f.write_str(&words.join(" or "))
    }
}

/// All features of a folder in the order of their names, with their examples expanded.
pub(crate) fn read(folder: &Path, chosen: &Chosen) -> Vec<parser::Result<Feature>> {
    let found = std::fs::read_dir(folder).and_then(|entries| {
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "feature"));
        paths.sort();
        if paths.is_empty() {
            return Err(std::io::Error::other("there is no feature in this folder"));
        }
        Ok(paths)
    });
    match found {
        Ok(paths) => paths.iter().map(|path| read_file(path)).filter_map(|feature| choose(feature, chosen)).collect(),
        Err(source) => vec![Err(ParseFileError::Reading { path: folder.to_owned(), source }.into())],
    }
}

fn choose(feature: parser::Result<Feature>, chosen: &Chosen) -> Option<parser::Result<Feature>> {
    let Ok(mut feature) = feature else { return Some(feature) };
    if !chosen.wants(&feature.name) && !chosen.wants(&file_name(&feature)) {
        feature.scenarios.retain(|scenario| chosen.wants(&scenario.name));
    }
    (!feature.scenarios.is_empty()).then_some(Ok(feature))
}

fn read_file(path: &Path) -> parser::Result<Feature> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ParseFileError::Reading { path: path.to_owned(), source })?;
    let text: String = text.lines().map(|line| mend(line) + "\n").collect();
    let mut feature = Feature::parse(text, GherkinEnv::default()).map_err(|source| ParseFileError::Parsing {
        path: path.to_owned(),
        error: None,
        source,
    })?;
    feature.path = Some(path.to_owned());
    if !feature.rules.is_empty() {
        let source = std::io::Error::other("`Rule:` is not supported, and would be passed over");
        return Err(ParseFileError::Reading { path: path.to_owned(), source }.into());
    }
    Ok(feature.expand_examples()?)
}

/// The gherkin crate takes a table's backslash for the beginning of an escape whatever follows, and then does not know
/// most of them. Gherkin knows `\|`, `\\` and `\n`; any other backslash is one.
fn mend(line: &str) -> String {
    if !line.trim_start().starts_with('|') {
        return line.to_owned();
    }
    let mut mended = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        mended.push(character);
        if character == '\\' {
            match characters.next_if(|next| matches!(next, '|' | '\\' | 'n')) {
                Some(escaped) => mended.push(escaped),
                None => mended.push('\\'),
            }
        }
    }
    mended
}

/// `bucket.feature`
pub(crate) fn file_name(feature: &Feature) -> String {
    let name = feature.path.as_deref().and_then(Path::file_name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Hands on what was parsed already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed;

impl Parser<Vec<parser::Result<Feature>>> for Parsed {
    type Cli = cli::Empty;
    type Output = stream::Iter<std::vec::IntoIter<parser::Result<Feature>>>;

    fn parse(self, features: Vec<parser::Result<Feature>>, _: Self::Cli) -> Self::Output {
        stream::iter(features)
    }
}
