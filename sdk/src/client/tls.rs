//! TLS: the trusted certificates, and errors that no retry can repair.

use std::error::Error as StdError;
use std::io;

use reqwest::ClientBuilder;

use crate::config::Config;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::config::RootCertificates;
use crate::error::{Error, Result, causes};

#[cfg(feature = "rustls")]
pub(super) fn with_tls(builder: ClientBuilder, config: &Config, _is_https: bool) -> Result<ClientBuilder> {
    use std::sync::Arc;

    // The provider is not installed for the process, because that would affect the application.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = super::tls_verifier::Verifier::new(
        Arc::clone(&provider),
        root_certificates(&config.root_certificates)?,
        config.accepts_invalid_certificates,
    );
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::config("TLS could not be set up").with_source(error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(builder.tls_backend_preconfigured(tls))
}

/// Reads and checks the certificates of the configuration.
#[cfg(feature = "rustls")]
fn root_certificates(files: &[RootCertificates]) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let mut all = Vec::new();
    for file in files {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&file.pem)
            .collect::<Result<_, _>>()
            .map_err(|error| unusable(file).with_source(error))?;
        if certificates.is_empty() {
            return Err(unusable(file));
        }
        let mut store = rustls::RootCertStore::empty();
        for certificate in &certificates {
            store.add(certificate.clone()).map_err(|error| unusable(file).with_source(error))?;
        }
        all.extend(certificates);
    }
    Ok(all)
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(super) fn with_tls(builder: ClientBuilder, config: &Config, _is_https: bool) -> Result<ClientBuilder> {
    let mut builder = builder
        .tls_backend_native()
        .tls_danger_accept_invalid_certs(config.accepts_invalid_certificates)
        .tls_danger_accept_invalid_hostnames(config.accepts_invalid_certificates);
    for file in &config.root_certificates {
        let certificates = reqwest::Certificate::from_pem_bundle(&file.pem)
            .map_err(|error| unusable(file).with_source(error.without_url()))?;
        if certificates.is_empty() {
            return Err(unusable(file));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(super) fn with_tls(builder: ClientBuilder, config: &Config, is_https: bool) -> Result<ClientBuilder> {
    if is_https || !config.root_certificates.is_empty() {
        return Err(Error::config(
            "the endpoint uses HTTPS or a root certificate is set, but qingstor-sdk was built without TLS: \
             enable its feature `rustls` or `native-tls`",
        ));
    }
    Ok(builder)
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn unusable(file: &RootCertificates) -> Error {
    Error::config(format!("{} contains no usable certificate in PEM (-----BEGIN CERTIFICATE-----)", file.origin))
}

/// Returns the cause and the remedy if a connection failed for a reason that lasts, such as a certificate that the
/// client does not trust. Every other attempt would fail too.
pub(super) fn lasting_failure(error: &(dyn StdError + 'static)) -> Option<String> {
    causes(error).find_map(|mut cause| {
        // An `io::Error` does not return the error that it contains as its source.
        while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            cause = inner;
        }
        handshake_failure(cause)
    })
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
const NO_TLS: &str = "the server does not speak TLS on this port; is it a port for http?";

#[cfg(feature = "rustls")]
fn handshake_failure(cause: &(dyn StdError + 'static)) -> Option<String> {
    use rustls::{CertificateError, Error as Tls, InvalidMessage};

    match cause.downcast_ref::<Tls>()? {
        error @ Tls::InvalidCertificate(problem) => {
            let remedy = match problem {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => "renew it, or correct the clock of this machine",
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "use an endpoint with one of its names"
                }
                _ => "if it is from a private authority, set that with Config::root_certificate or ca_file",
            };
            Some(format!("the certificate of the server is not accepted ({error}); {remedy}"))
        }
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => Some(NO_TLS.to_owned()),
        // The text of the verifier.
        Tls::General(text) => Some(text.clone()),
        error @ (Tls::PeerIncompatible(_) | Tls::NoCertificatesPresented | Tls::UnsupportedNameType) => {
            Some(format!("the TLS handshake failed ({error})"))
        }
        _ => None,
    }
}

/// The type of the error is not public here. The texts of OpenSSL, macOS and Windows contain the word "certificate".
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
fn handshake_failure(cause: &(dyn StdError + 'static)) -> Option<String> {
    let text = cause.to_string();
    if text.contains("wrong version number") {
        return Some(NO_TLS.to_owned());
    }
    text.contains("certificate").then(|| {
        format!(
            "the certificate of the server is not accepted ({text}); if it is from a private authority, set that with \
             Config::root_certificate or ca_file"
        )
    })
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn handshake_failure(_cause: &(dyn StdError + 'static)) -> Option<String> {
    None
}
