//! Code that the examples `upload` and `download` share.

mod display;
pub(crate) mod size;

use std::path::Path;

use qingstor_emulator::{Builder, Emulator};
use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor};
use tokio::signal::ctrl_c;

pub(crate) use display::Display;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const FAILURE: i32 = 1;

/// Exit code of a program that was interrupted, as in shells.
const INTERRUPTED: i32 = 130;

/// Address of the local server. A fixed address lets a later run resume an interrupted transfer.
const LISTEN: &str = "127.0.0.1:9710";

/// A bucket, and the local server that has it if no access keys are configured.
pub(crate) struct Target {
    pub(crate) bucket: Bucket,
    _emulator: Option<Emulator>,
}

/// Returns a bucket of the configured account, or of a local server if no access keys are configured.
pub(crate) async fn connect(bucket: Option<&str>) -> Result<Target> {
    let config = Config::load()?;
    if !config.is_anonymous() {
        let name = bucket.ok_or("access keys are configured, so a bucket is required: use --bucket NAME")?;
        return Ok(Target { bucket: QingStor::new(config)?.bucket(name, None), _emulator: None });
    }
    let name = bucket.unwrap_or("example-bucket");
    let data = std::env::current_exe()?.with_file_name("example-data");
    let unset = "no access keys are configured (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY)";
    let emulator = start_server(name, &data)
        .await
        .map_err(|error| format!("{unset}, and the local server cannot be started: {error}"))?;
    eprintln!("{unset}: using a local server with the bucket {name:?}");
    eprintln!("its objects are stored in {}", data.display());
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket(name, emulator.zone());
    Ok(Target { bucket, _emulator: Some(emulator) })
}

async fn start_server(bucket: &str, data: &Path) -> std::io::Result<Emulator> {
    let server = |listen: &str| -> Builder { Emulator::builder().listen(listen).data_dir(data).bucket(bucket) };
    match server(LISTEN).start().await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => server("127.0.0.1:0").start().await,
        outcome => outcome,
    }
}

/// Completes at the first Ctrl-C. The second one exits the program.
pub(crate) async fn interrupted() {
    if ctrl_c().await.is_err() {
        // The system does not deliver signals, so the transfer cannot be interrupted.
        return std::future::pending().await;
    }
    tokio::spawn(async {
        if ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED);
        }
    });
}

/// Exits with this code. Prints an error that occurred before the transfer.
///
/// A return from `main` would wait until a blocked read of standard input or write to standard output has ended.
pub(crate) fn exit(outcome: Result<i32>) -> ! {
    let code = outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        FAILURE
    });
    std::process::exit(code)
}

/// Prints the error of a transfer and a hint, and returns the exit code.
pub(crate) fn failed(error: &Error, hint: Option<String>) -> i32 {
    eprintln!("error: {error}");
    if let Some(hint) = hint {
        eprintln!("{hint}");
    }
    if error.kind() == ErrorKind::Cancelled { INTERRUPTED } else { FAILURE }
}

/// Returns advice for an error that is not specific to uploads or downloads.
pub(crate) fn advice(error: &Error) -> Option<String> {
    let advice = match (error.kind(), error.status().map(|status| status.as_u16()), error.code()) {
        (ErrorKind::Connect, ..) => "check the network and the endpoint (QINGSTOR_ENDPOINT)",
        (_, Some(301 | 302 | 307), _) => "the bucket is in another zone: set QINGSTOR_ZONE",
        (_, Some(401), _) => "check the access keys (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY)",
        (_, Some(403), _) => "check the permissions of the access key and the clock of this machine",
        (_, _, Some("bucket_not_exists")) => "check the name of the bucket and its zone (QINGSTOR_ZONE)",
        _ => return None,
    };
    Some(advice.to_owned())
}
