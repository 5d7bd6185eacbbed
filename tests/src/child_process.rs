//! Runs a test in a child process, because the process is killed or because the test changes global state.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

/// Prefix of the environment variables that contain the arguments of a child process.
const ARGUMENT_PREFIX: &str = "QINGSTOR_TEST_ARGUMENT_";
/// Prefix of the line in which a child process prints its report.
const REPORT_PREFIX: &str = "report: ";

/// A child process that runs one test of the current program.
#[derive(Debug)]
pub struct ChildProcess(Child);

/// Arguments that a parent process passes to its child process.
#[derive(Debug)]
pub struct ChildArguments(BTreeMap<String, String>);

impl ChildArguments {
    /// Returns the arguments of the current process, or `None` if it is not a child process.
    pub fn of_this_process() -> Option<Self> {
        let arguments =
            env::vars().filter_map(|(name, value)| Some((name.strip_prefix(ARGUMENT_PREFIX)?.to_owned(), value)));
        Some(Self(arguments.collect())).filter(|arguments| !arguments.0.is_empty())
    }

    /// Returns the argument called `name`.
    ///
    /// # Panics
    ///
    /// Panics if the parent passed no such argument.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("the child process has no argument `{name}`"))
    }

    /// Reports a result to the parent.
    pub fn report(&self, result: &str) {
        println!("{REPORT_PREFIX}{}", result.replace('\n', " "));
    }
}

impl ChildProcess {
    /// Starts the test called `test` in a child process, which can read `arguments` as [`ChildArguments`].
    ///
    /// `wrapper` is empty or a command, such as `prlimit`, that runs the program given as its last arguments. The
    /// process is killed when the returned value is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if the process cannot be started.
    pub fn spawn(test: &str, arguments: &[(&str, &str)], wrapper: &[&str]) -> io::Result<Self> {
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
        command.envs(arguments.iter().map(|(name, value)| (format!("{ARGUMENT_PREFIX}{name}"), value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().map(Self)
    }

    /// Waits for the report of the process. If `kill_when` completes first, kills the process with `SIGKILL` and
    /// returns `None`.
    ///
    /// # Errors
    ///
    /// Returns an error if the process cannot be killed or ends without a report. The error contains its output.
    pub async fn report_or_kill(mut self, kill_when: impl Future<Output = ()>) -> io::Result<Option<String>> {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let (Some(mut out), Some(mut err)) = (self.0.stdout.take(), self.0.stderr.take()) else {
            return Err(io::Error::other("the child process has no captured output"));
        };
        let ended = async {
            let read = tokio::try_join!(out.read_to_string(&mut stdout), err.read_to_string(&mut stderr));
            read.map(drop)
        };
        tokio::select! {
            biased;
            () = kill_when => {
                self.0.kill().await?;
                return Ok(None);
            }
            result = ended => result?,
        }
        let status = self.0.wait().await?;
        // The test harness prints the name of the test on the same line.
        let report = stdout.lines().find_map(|line| Some(line.split_once(REPORT_PREFIX)?.1.to_owned()));
        report.map(Some).ok_or_else(|| {
            io::Error::other(format!("the child process ended without a report ({status}): {stdout}{stderr}"))
        })
    }
}

/// Runs a test of the current program in a child process, where [`is_child_process`] returns true.
///
/// The child process gets the environment variables in `set` and loses those in `unset`.
///
/// # Errors
///
/// Returns an error if the process cannot be started or the test fails. The error contains its output.
pub async fn run_in_child_process(test: &str, set: &[(&str, &str)], unset: &[&str]) -> io::Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.args([test, "--exact", "--format", "pretty"]).env(format!("{ARGUMENT_PREFIX}CHILD"), "1");
    for name in unset {
        command.env_remove(name);
    }
    let output = command.envs(set.iter().copied()).kill_on_drop(true).output().await?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match output.status.success() && printed.contains(" 1 passed") {
        true => Ok(()),
        false => Err(io::Error::other(format!("{test} failed in a child process: {printed}"))),
    }
}

/// Returns true if the current process was started by [`run_in_child_process`].
pub fn is_child_process() -> bool {
    env::var_os(format!("{ARGUMENT_PREFIX}CHILD")).is_some()
}
