//! The command `qingstor-emulator`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use qingstor_emulator::{
    Builder, CertificateAuthority, DEFAULT_ACCESS_KEY_ID, DEFAULT_SECRET_ACCESS_KEY, DEFAULT_ZONE, Emulator, FaultPlan,
    TlsFront, Variant,
};

/// Description of fault plans in `--help`.
const FAULTS: &str = "\
A fault plan for --faults:

  seed: 42                  # seed of random decisions; default 0
  clock_offset: 0           # seconds, added to --clock-offset
  rules:                    # the first rule that hits a request injects its fault
    - operation: UploadMultipart            # all keys except `fault` are optional
      part: [1, 4]                          # or one number
      key: backups/db.tar                   # or key_prefix
      skip: 2                               # ignores the first two matching requests
      probability: 0.1                      # hits about one in ten of the others
      count: 5                              # hits at most five requests
      fault: { reset_in_body: { after: 50% } }
    - fault: { latency: { delay: 50ms } }

Faults:

  close_on_accept           (closes a connection before it reads a request)
  error_answer              { status: 503, code: service_unavailable, retry_after: 1 }
  reset_before_answer       (resets the connection; the request is not executed)
  lose_answer               (resets the connection; the request is executed)
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

`code`, `retry_after`, `lasts` and `at` are optional. Without `lasts`, a stall lasts until the client closes the
connection.
";

/// An emulator of QingStor object storage, for tests and trials on one machine.
///
/// Prints one line, "listening on http://…" or "listening on https://…", when it accepts connections. Runs until Ctrl-C
/// or SIGTERM.
#[derive(Parser)]
#[command(version, after_long_help = FAULTS)]
struct Arguments {
    /// Address and port to listen on; with port 0, the operating system chooses a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9000")]
    listen: String,

    /// Access key id with which clients sign their requests
    #[arg(long, value_name = "ID", default_value = DEFAULT_ACCESS_KEY_ID)]
    access_key_id: String,

    /// Secret access key that belongs to the access key id; lists of processes show the option, but not the variable
    #[arg(long, value_name = "SECRET", default_value = DEFAULT_SECRET_ACCESS_KEY)]
    #[arg(env = "QINGSTOR_EMULATOR_SECRET_ACCESS_KEY", hide_env_values = true)]
    secret_access_key: String,

    /// Zone of a new bucket if the request that creates it names none
    #[arg(long, value_name = "ZONE", default_value = DEFAULT_ZONE)]
    zone: String,

    /// Directory that keeps the data; without this option, the data is deleted when the emulator ends
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Bucket to create when the emulator starts, if it does not exist; any name is accepted (repeatable)
    #[arg(long = "bucket", value_name = "NAME")]
    buckets: Vec<String>,

    /// Another base host besides localhost, qingstor.com and qsstor.com, for hosts of the form BUCKET.ZONE.HOST
    /// (repeatable)
    #[arg(long = "base-host", value_name = "HOST")]
    base_hosts: Vec<String>,

    /// Accept parts smaller than 4 MiB at any position of a multipart upload
    #[arg(long)]
    allow_tiny_parts: bool,

    /// Allow unsigned requests to read and write objects
    #[arg(long)]
    allow_anonymous: bool,

    /// Seconds to add to the emulator's clock
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_hyphen_values = true)]
    clock_offset: i64,

    /// HTTP status of the error upload_not_exists: 400 or 404 (QingStor documents both)
    #[arg(long, value_name = "STATUS", default_value_t = 404)]
    upload_not_exists_status: u16,

    /// Refuse chunked request bodies with status 411
    #[arg(long)]
    refuse_chunked: bool,

    /// Behaviour other than the default, for a point that QingStor's documentation leaves open (repeatable)
    #[arg(long = "variant", value_name = "NAME", value_enum)]
    variants: Vec<Variant>,

    /// YAML file with a plan of the faults to inject; --help shows an example
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,

    /// File to which a line of JSON is appended for each request
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,

    /// Serve HTTPS instead of HTTP, with a new certificate; FILE receives the certificate of its authority (PEM), which
    /// clients have to trust
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
}

impl Arguments {
    /// Returns the names in the certificate: the address of `--listen` and the loopback addresses, and `localhost` and the
    /// hosts of `--base-host` with bucket and zone.
    fn host_names(&self) -> Vec<String> {
        let zone = self.zone.to_ascii_lowercase();
        let mut names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        let listen = self.listen.rsplit_once(':').map_or(&*self.listen, |(host, _)| host).trim_matches(['[', ']']);
        // All addresses of the machine are unknown.
        let is_one_host = !listen.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_unspecified());
        names.extend(Some(listen.to_owned()).filter(|host| is_one_host && !names.contains(host)));
        for host in self.base_hosts.iter().map(String::as_str).chain(["localhost"]) {
            names.extend([host.to_owned(), format!("*.{zone}.{host}"), format!("{zone}.{host}")]);
            // Clients ignore a wildcard before a single label, such as `*.localhost`. Each bucket needs its own name.
            let is_label = |bucket: &&String| bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            names.extend(self.buckets.iter().filter(is_label).map(|bucket| format!("{bucket}.{host}")));
        }
        names
    }

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
        builder = self.variants.into_iter().fold(builder, Builder::variant);
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

async fn run(mut arguments: Arguments) -> io::Result<()> {
    let (emulator, front) = match arguments.tls.take() {
        None => (arguments.builder()?.start().await?, None),
        Some(file) => {
            let (listen, names) = (arguments.listen.clone(), arguments.host_names());
            // The front forwards to this port.
            let emulator = arguments.builder()?.listen("127.0.0.1:0").start().await?;
            let front = start_front(&listen, emulator.port(), &names, &file).await?;
            (emulator, Some(front))
        }
    };
    let endpoint = front.as_ref().map_or_else(|| emulator.endpoint(), TlsFront::endpoint);
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on {endpoint}")?;
    // A program that reads this line from a pipe waits for it.
    stdout.flush()?;
    drop(stdout);
    wait_for_interrupt().await?;
    emulator.stop().await;
    Ok(())
}

/// Creates an authority, writes its certificate to `file`, and starts a front with a certificate for `names`.
async fn start_front(listen: &str, server_port: u16, names: &[String], file: &Path) -> io::Result<TlsFront> {
    let explain = |error: io::Error, context: String| io::Error::new(error.kind(), format!("{context}: {error}"));
    let authority = CertificateAuthority::new("qingstor-emulator")?;
    let certificate = authority.certificate(names)?;
    std::fs::write(file, authority.pem())
        .map_err(|error| explain(error, format!("cannot write the certificate to {}", file.display())))?;
    TlsFront::start(listen, server_port, &certificate)
        .await
        .map_err(|error| explain(error, format!("cannot listen on {listen}")))
}

/// Waits for Ctrl-C or SIGTERM.
#[cfg(unix)]
async fn wait_for_interrupt() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn wait_for_interrupt() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
