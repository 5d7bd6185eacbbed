//! Code that the examples `upload` and `download` share.

mod display;
pub(crate) mod size;

use std::path::Path;
use std::process::ExitCode;

use qingstor_emulator::{Builder, Emulator};
use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor};
use tokio::signal::ctrl_c;

pub(crate) use display::Display;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Exit code of a program that was interrupted, as in shells.
const INTERRUPTED: u8 = 130;

/// Address of the local server. It is fixed, so that an interrupted transfer finds the server again.
const LISTEN: &str = "127.0.0.1:9710";

/// Bucket, and the local server that has it unless an account is configured.
pub(crate) struct Place {
    pub(crate) bucket: Bucket,
    _emulator: Option<Emulator>,
}

/// Returns a bucket of the configured account, or one on a local server if no access keys are configured.
pub(crate) async fn place(bucket: Option<&str>) -> Result<Place> {
    let config = Config::load()?;
    if !config.is_anonymous() {
        let name = bucket.ok_or("access keys are configured, so a bucket is required: use --bucket NAME")?;
        return Ok(Place { bucket: QingStor::new(config)?.bucket(name, None), _emulator: None });
    }
    let name = bucket.unwrap_or("example-bucket");
    let data = std::env::current_exe()?.with_file_name("example-data");
    let unset = "no access keys are configured (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY)";
    let emulator = start_server(name, &data)
        .await
        .map_err(|error| format!("{unset}, and a local server could not be started: {error}"))?;
    eprintln!("{unset}: using a local server\nwith bucket {name:?}, which keeps its objects in {}", data.display());
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket(name, emulator.zone());
    Ok(Place { bucket, _emulator: Some(emulator) })
}

async fn start_server(bucket: &str, data: &Path) -> std::io::Result<Emulator> {
    let server = |listen: &str| -> Builder { Emulator::builder().listen(listen).data_dir(data).bucket(bucket) };
    match server(LISTEN).start().await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => server("127.0.0.1:0").start().await,
        outcome => outcome,
    }
}

/// Completes at the first Ctrl-C. The second one ends the program at once.
pub(crate) async fn interrupted() {
    if ctrl_c().await.is_err() {
        // This system has no signals.
        return std::future::pending().await;
    }
    tokio::spawn(async {
        if ctrl_c().await.is_ok() {
            std::process::exit(i32::from(INTERRUPTED));
        }
    });
}

/// Prints an error before the transfer, and returns the exit code.
pub(crate) fn exit_code(outcome: Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// Prints the error of a transfer with a hint, and returns the exit code.
pub(crate) fn failed(error: &Error, hint: Option<String>) -> ExitCode {
    eprintln!("error: {error}");
    if let Some(hint) = hint {
        eprintln!("{hint}");
    }
    if error.kind() == ErrorKind::Cancelled { INTERRUPTED.into() } else { ExitCode::FAILURE }
}

/// Returns a remedy for an error of the service.
pub(crate) fn advice(error: &Error) -> Option<String> {
    let advice = match (error.kind(), error.status().map(|status| status.as_u16()), error.code()) {
        (ErrorKind::Connect, ..) => "is the endpoint right (QINGSTOR_ENDPOINT), and is there a network?",
        (_, Some(301 | 302 | 307), _) => "the bucket is in another zone: name it with QINGSTOR_ZONE",
        (_, Some(401), _) => "are the keys right (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY)?",
        (_, Some(403), _) => "the access key may not do that, or the clock of this machine is wrong",
        (_, _, Some("bucket_not_exists")) => "is the bucket's name right, and its zone (QINGSTOR_ZONE)?",
        _ => return None,
    };
    Some(advice.to_owned())
}
