//! The emulator as a command.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use qingstor_emulator::{Builder, DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE, Emulator, FaultPlan};

/// What `--help` says about plans of faults.
const FAULTS: &str = "\
A plan of faults, for --faults:

  seed: 42                  # what chance depends on; default 0
  clock_offset: 0           # seconds, adds to --clock-offset
  rules:                    # the first one that hits a request decides about it
    - operation: UploadMultipart            # all of these may be left out but `fault`
      part: [1, 4]
      key: backups/db.tar                   # or key_prefix
      skip: 2                               # let two through,
      probability: 0.1                      # then hit one of ten,
      count: 5                              # and no more than five
      fault: { reset_in_body: { after: 50% } }
    - fault: { latency: { delay: 50ms } }

Faults:

  close_on_accept           (of a connection, before there is a request)
  error_answer              { status: 503, code: service_unavailable, retry_after: 1 }
  reset_before_answer       (nothing is done)
  lose_answer               (everything is done)
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

`code`, `retry_after`, `lasts` and `at` may be left out; without `lasts`, a stall lasts until the client is gone.
";

/// A QingStor object storage server on this machine.
///
/// Prints one line, "listening on http://…", when it is ready, and runs until Ctrl-C.
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

    /// Zone of buckets that are made without naming one
    #[arg(long, value_name = "ZONE", default_value = DEFAULT_ZONE)]
    zone: String,

    /// Directory to keep the data in; without it the data is gone at the end
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Bucket to have from the start, whatever its name (may be given several times)
    #[arg(long = "bucket", value_name = "NAME")]
    buckets: Vec<String>,

    /// Host to answer for besides localhost, qingstor.com and qsstor.com, with bucket and zone in front of it (may
    /// be given several times)
    #[arg(long = "base-host", value_name = "HOST")]
    base_hosts: Vec<String>,

    /// Accept parts below 4 MiB anywhere in a multipart upload
    #[arg(long)]
    allow_tiny_parts: bool,

    /// Let objects be read and written without a signature
    #[arg(long)]
    allow_anonymous: bool,

    /// Seconds to shift the server's clock by
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_hyphen_values = true)]
    clock_offset: i64,

    /// Status of the error upload_not_exists, 400 or 404: the service documents both
    #[arg(long, value_name = "STATUS", default_value_t = 404)]
    upload_not_exists_status: u16,

    /// Refuse bodies that are sent in chunks instead of with a length
    #[arg(long)]
    refuse_chunked: bool,

    /// Misbehave as the plan in this YAML file says, see below
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
        if let Some(directory) = self.data_dir {
            builder = builder.data_dir(directory);
        }
        for bucket in self.buckets {
            builder = builder.bucket(bucket);
        }
        for host in self.base_hosts {
            builder = builder.base_host(host);
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
    // Whoever waits for the line may read it through a pipe.
    stdout.flush()?;
    drop(stdout);
    told_to_end().await?;
    emulator.stop().await;
    Ok(())
}

#[cfg(unix)]
async fn told_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
