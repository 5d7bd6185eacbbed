//! This very program once more, to be killed.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

const ERRAND: &str = "QINGSTOR_TEST_ERRAND_";
const OUTCOME: &str = "outcome: ";

/// A test of this program in a process of its own, which was sent on an errand.
#[derive(Debug)]
pub struct Messenger(Child);

/// What a process on an errand was told.
#[derive(Debug)]
pub struct Errand(BTreeMap<String, String>);

impl Errand {
    /// What this process was told; `None` if it is on no errand.
    pub fn of_this_process() -> Option<Self> {
        let told = env::vars().filter_map(|(name, value)| Some((name.strip_prefix(ERRAND)?.to_owned(), value)));
        Some(Self(told.collect())).filter(|errand| !errand.0.is_empty())
    }

    /// What it was told under this name.
    ///
    /// # Panics
    ///
    /// If it was told nothing.
    pub fn told(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("the errand has no `{name}`"))
    }

    /// Tells the parent what came of it.
    pub fn report(&self, outcome: &str) {
        println!("{OUTCOME}{}", outcome.replace('\n', " "));
    }
}

impl Messenger {
    /// Runs the test of this name, which has to look for its [`Errand`], until it ends or this is dropped. `wrapper` is
    /// a command that runs the command after it; with nothing in it, there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn send(test: &str, told: &[(&str, &str)], wrapper: &[&str]) -> io::Result<Self> {
        let this = env::current_exe()?;
        let mut command = match wrapper {
            [] => Command::new(&this),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(&this);
                command
            }
        };
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
        command.envs(told.iter().map(|(name, value)| (format!("{ERRAND}{name}"), value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().map(Self)
    }

    /// What it reports in the end, or `None` if it has to die before: then it is killed as `kill -9` does it, and dead when
    /// this returns.
    ///
    /// # Errors
    ///
    /// If it cannot be killed, or ended without a report; what it printed instead.
    pub async fn outcome_unless(mut self, dies: impl Future<Output = ()>) -> io::Result<Option<String>> {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let (Some(mut out), Some(mut err)) = (self.0.stdout.take(), self.0.stderr.take()) else {
            return Err(io::Error::other("its output was taken already"));
        };
        let ends = async {
            let read = tokio::try_join!(out.read_to_string(&mut stdout), err.read_to_string(&mut stderr));
            read.map(drop)
        };
        tokio::select! {
            biased;
            () = dies => {
                self.0.kill().await?;
                return Ok(None);
            }
            ended = ends => ended?,
        }
        let status = self.0.wait().await?;
        // What the harness says of a test has no end of line before the test's own words.
        let report = stdout.lines().find_map(|line| Some(line.split_once(OUTCOME)?.1.to_owned()));
        report.map(Some).ok_or_else(|| io::Error::other(format!("it reported nothing, {status}: {stdout}{stderr}")))
    }
}
