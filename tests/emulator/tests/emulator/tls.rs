//! HTTPS: the option `--tls` of the command, and fronts for emulators.

use crate::support::process::{Process, command};
use crate::support::{Client, MIB, data, start, start_with};
use qingstor_emulator::{CertificateAuthority, Emulator, Fault, FaultPlan, FaultRule, Offset, TlsFront};

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Starts a front for `emulator` and returns it with a client that trusts `authority`.
async fn front(emulator: &Emulator, authority: &CertificateAuthority) -> (TlsFront, Client) {
    let certificate = authority.certificate(&NAMES).unwrap();
    let front = TlsFront::start("127.0.0.1:0", emulator.port(), &certificate).await.unwrap();
    let (id, secret) = (emulator.access_key_id(), emulator.secret_access_key());
    let client = Client::trusting(&authority.pem(), &front.endpoint(), id, secret);
    (front, client)
}

#[tokio::test]
async fn command_serves_https_and_writes_the_authority() {
    let directory = tempfile::tempdir().unwrap();
    let pem = directory.path().join("ca.pem");
    let process = Process::start_with(&directory.path().join("data"), Some(&pem));
    process.client.put("/b/k", data(1, MIB)).await.expect(201);
    assert_eq!(process.client.get("/b/k").await.expect(200).body, data(1, MIB));
}

#[test]
fn unwritable_certificate_file_is_a_one_line_error() {
    let directory = tempfile::tempdir().unwrap();
    let output = command().args(["--listen", "127.0.0.1:0", "--tls"]).arg(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: cannot write the certificate to "), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[tokio::test]
async fn connection_through_a_front_is_kept_alive() {
    let (emulator, _) = start().await;
    let (front, client) = front(&emulator, &CertificateAuthority::new("tests").unwrap()).await;
    client.put("/b/k", "data").await.expect(201);
    assert_eq!(client.get("/b/k").await.expect(200).body, b"data");
    assert_eq!(front.connections(), 1);
}

#[tokio::test]
async fn fault_of_the_emulator_passes_through_a_front() {
    let rules = [Fault::LoseAnswer, Fault::CutAnswer { after: Offset::Fraction(0.5) }];
    let plan = rules.into_iter().fold(FaultPlan::new(), |plan, fault| plan.rule(FaultRule::new(fault).count(1)));
    let (emulator, _) = start_with(Emulator::builder().faults(plan)).await;
    let (_front, client) = front(&emulator, &CertificateAuthority::new("tests").unwrap()).await;
    assert!(client.try_send("PUT", "/b/k", &[], data(1, MIB)).await.is_err());
    assert!(client.try_send("GET", "/b/k", &[], "").await.is_err());
    assert_eq!(client.get("/b/k").await.expect(200).body, data(1, MIB));
}

#[tokio::test]
async fn client_refuses_an_expired_certificate_and_an_unknown_authority() {
    let (emulator, _) = start().await;
    let authority = CertificateAuthority::new("tests").unwrap();
    let other = CertificateAuthority::new("other").unwrap();
    let expired = authority.expired_certificate(&NAMES).unwrap();
    let valid = authority.certificate(&NAMES).unwrap();
    for (certificate, pem) in [(expired, authority.pem()), (valid, other.pem())] {
        let front = TlsFront::start("127.0.0.1:0", emulator.port(), &certificate).await.unwrap();
        let client = Client::trusting(&pem, &front.endpoint(), "id", "secret");
        assert!(client.try_send("GET", "/b", &[], "").await.is_err_and(|error| error.is_connect()));
    }
}
