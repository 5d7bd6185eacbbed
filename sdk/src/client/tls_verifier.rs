//! Verification of the server's certificate with rustls.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier as SystemVerifier;

/// Verifies certificates with the authorities of the system and of the configuration.
///
/// The authorities of the system are loaded at the first handshake. A client that never makes an HTTPS connection, for
/// example because it only presigns requests, works on a system without certificates.
#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    roots: Vec<CertificateDer<'static>>,
    accepts_invalid: bool,
    system: OnceLock<SystemVerifier>,
}

impl Verifier {
    pub(super) fn new(
        provider: Arc<CryptoProvider>,
        roots: Vec<CertificateDer<'static>>,
        accepts_invalid: bool,
    ) -> Self {
        Self { provider, roots, accepts_invalid, system: OnceLock::new() }
    }

    /// Returns the verifier with all authorities. After an error, the next handshake loads them again.
    fn system(&self) -> Result<&SystemVerifier, Error> {
        if let Some(system) = self.system.get() {
            return Ok(system);
        }
        let provider = Arc::clone(&self.provider);
        #[cfg(not(target_os = "android"))]
        let system = SystemVerifier::new_with_extra_roots(self.roots.iter().cloned(), provider);
        #[cfg(target_os = "android")]
        let system = match self.roots.is_empty() {
            true => SystemVerifier::new(provider),
            false => {
                Err(Error::General("Config::root_certificate and ca_file are not supported on Android".to_owned()))
            }
        };
        let system = system.map_err(|error| {
            Error::General(format!(
                "the certificate authorities of this system could not be loaded ({error}); install them (on Linux the \
                 package ca-certificates), check SSL_CERT_FILE and SSL_CERT_DIR, or set Config::root_certificate or ca_file"
            ))
        })?;
        Ok(self.system.get_or_init(|| system))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.accepts_invalid {
            return Ok(ServerCertVerified::assertion());
        }
        self.system()?.verify_server_cert(certificate, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
