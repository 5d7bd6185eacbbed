use std::path::PathBuf;

use qingstor_emulator::{Builder, Emulator};
use qingstor_sdk::{Bucket, Config, QingStor};

use super::Result;

/// The same from run to run, so that what was interrupted finds its server again.
const LISTEN: &str = "127.0.0.1:9710";

/// Where objects are. The server, if it is one of this process, runs as long as this is there.
pub(crate) struct Place {
    pub(crate) bucket: Bucket,
    _emulator: Option<Emulator>,
}

/// The bucket of the account that is configured, or else one on a server of this process.
pub(crate) async fn place(bucket: Option<&str>) -> Result<Place> {
    let config = Config::load()?;
    if config.is_anonymous() {
        return on_own_server(bucket.unwrap_or("example-bucket")).await;
    }
    let name = bucket.ok_or("which bucket? Say it with --bucket NAME")?;
    Ok(Place { bucket: QingStor::new(config)?.bucket(name, None), _emulator: None })
}

/// For whoever has no account at hand. What was uploaded is there the next time.
async fn on_own_server(bucket: &str) -> Result<Place> {
    let data = std::env::current_exe()?.with_file_name("example-data");
    let emulator = start(bucket, &data).await.map_err(|error| {
        format!(
            "no access keys are configured (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY), and a server of this \
             process could not be started: {error}"
        )
    })?;
    eprintln!(
        "no access keys are configured (QINGSTOR_ACCESS_KEY_ID, QINGSTOR_SECRET_ACCESS_KEY): using a server of this \
         process\nwith bucket {bucket:?}, which keeps its objects in {}",
        data.display()
    );
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key()).endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket(bucket, emulator.zone());
    Ok(Place { bucket, _emulator: Some(emulator) })
}

async fn start(bucket: &str, data: &PathBuf) -> std::io::Result<Emulator> {
    let settings = |listen: &str| -> Builder { Emulator::builder().listen(listen).data_dir(data).bucket(bucket) };
    match settings(LISTEN).start().await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => settings("127.0.0.1:0").start().await,
        outcome => outcome,
    }
}
