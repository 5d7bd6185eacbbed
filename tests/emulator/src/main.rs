//! The command `qingstor-emulator`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use qingstor_emulator::{Builder, DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE, Emulator, FaultPlan};

/// Description of fault plans in `--help`.
const FAULTS: &str = "\
A fault plan for --faults:

  seed: 42                  # seed of random decisions; default 0
  clock_offset: 0           # seconds, added to --clock-offset
  rules:                    # the first rule that hits a request decides
    - operation: UploadMultipart            # all keys but `fault` are optional
      part: [1, 4]
      key: backups/db.tar                   # or key_prefix
      skip: 2                               # the first two requests pass
      probability: 0.1                      # then one of ten is hit
      count: 5                              # at most five are hit
      fault: { reset_in_body: { after: 50% } }
    - fault: { latency: { delay: 50ms } }

Faults:

  close_on_accept           (closes a connection before any request)
  error_answer              { status: 503, code: service_unavailable, retry_after: 1 }
  reset_before_answer       (the request is not executed)
  lose_answer               (the request is executed)
  reset_in_body             { after: 1000 }
  cut_answer                { after: 1000 }
  stall_in_body             { after: 50%, lasts: 20s }
  stall_before_answer       { lasts: 20s }
  stall_in_answer           { after: 50%, lasts: 20s }
  latency                   { delay: 500ms }
  slow_receive              { bytes_per_second: 8192 }
  slow_send                 { bytes_per_second: 8192 }
  bandwidth                 { bytes_per_second: 1000000 }
  flip_received_bit         { at: 10 }
  flip_sent_bit             { at: 10 }
  wrong_etag

`code`, `retry_after`, `lasts` and `at` are optional; without `lasts`, a stall lasts until the client disconnects.
";

/// A QingStor object storage server on this machine.
///
/// Prints one line, "listening on http://…", when it is ready. Runs until Ctrl-C.
#[derive(Parser)]
#[command(version, after_long_help = FAULTS)]
struct Arguments {
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9000")]
    listen: String,

    /// Access key id that requests are signed with
    #[arg(long, value_name = "ID", default_value = DEFAULT_ACCESS_KEY_ID)]
    access_key_id: String,

    /// Secret access key that requests are signed with
    #[arg(long, value_name = "SECRET", default_value = DEFAULT_SECRET_ACCESS_KEY)]
    secret_access_key: String,

    /// Zone of buckets that are created without one
    #[arg(long, value_name = "ZONE", default_value = DEFAULT_ZONE)]
    zone: String,

    /// Directory for the data; without it, the data is deleted at the end
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Bucket to create at the start, with any name (repeatable)
    #[arg(long = "bucket", value_name = "NAME")]
    buckets: Vec<String>,

    /// Host to serve in addition to localhost, qingstor.com and qsstor.com, with bucket and zone before it (repeatable)
    #[arg(long = "base-host", value_name = "HOST")]
    base_hosts: Vec<String>,

    /// Accept parts below 4 MiB anywhere in a multipart upload
    #[arg(long)]
    allow_tiny_parts: bool,

    /// Allow reading and writing objects without a signature
    #[arg(long)]
    allow_anonymous: bool,

    /// Seconds by which the server's clock is shifted
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_hyphen_values = true)]
    clock_offset: i64,

    /// Status of the error upload_not_exists, 400 or 404 (the service documents both)
    #[arg(long, value_name = "STATUS", default_value_t = 404)]
    upload_not_exists_status: u16,

    /// Refuse chunked bodies
    #[arg(long)]
    refuse_chunked: bool,

    /// Inject the faults of the plan in this YAML file, see below
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,

    /// Append a line of JSON for each request to this file
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
}

impl Arguments {
    fn builder(self) -> io::Result<Builder> {
        let mut builder = Emulator::builder()
            .listen(self.listen)
            .credentials(self.access_key_id, self.secret_access_key)
            .zone(self.zone)
            .allow_tiny_parts(self.allow_tiny_parts)
            .allow_anonymous(self.allow_anonymous)
            .clock_offset(self.clock_offset)
            .upload_not_exists_status(self.upload_not_exists_status)
            .refuse_chunked(self.refuse_chunked);
        builder = self.buckets.into_iter().fold(builder, Builder::bucket);
        builder = self.base_hosts.into_iter().fold(builder, Builder::base_host);
        if let Some(directory) = self.data_dir {
            builder = builder.data_dir(directory);
        }
        if let Some(file) = self.faults {
            builder = builder.faults(FaultPlan::load(file)?);
        }
        if let Some(file) = self.access_log {
            builder = builder.access_log(file);
        }
        Ok(builder)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let emulator = arguments.builder()?.start().await?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on {}", emulator.endpoint())?;
    // The line has to reach a reader of a pipe at once.
    stdout.flush()?;
    drop(stdout);
    interrupted().await?;
    emulator.stop().await;
    Ok(())
}

#[cfg(unix)]
async fn interrupted() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
