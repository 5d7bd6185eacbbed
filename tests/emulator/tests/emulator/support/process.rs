//! The command `qingstor-emulator`, as a process that tests can kill.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Client;

/// A running process with the bucket `b`.
pub(crate) struct Process {
    child: Child,
    pub(crate) client: Client,
}

impl Process {
    pub(crate) fn start(directory: &Path) -> Self {
        Self::start_with(directory, None)
    }

    /// Starts a process that serves HTTPS and writes the certificate of its authority to `pem`.
    pub(crate) fn start_with(directory: &Path, pem: Option<&Path>) -> Self {
        let mut child = command()
            .args(["--listen", "127.0.0.1:0", "--bucket", "b"])
            .args(["--access-key-id", "AK"])
            .env("QINGSTOR_EMULATOR_SECRET_ACCESS_KEY", "SK")
            .arg("--data-dir")
            .arg(directory)
            .args(pem.iter().flat_map(|pem| [Path::new("--tls"), pem]))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.trim().strip_prefix("listening on ").unwrap();
        let authority = pem.map(|pem| std::fs::read_to_string(pem).unwrap()).unwrap_or_default();
        let client = Client::trusting(&authority, endpoint, "AK", "SK");
        Self { child, client }
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_qingstor-emulator"))
}
