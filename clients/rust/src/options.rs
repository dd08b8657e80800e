//! How a client connects and asks.

use std::fmt;
use std::time::Duration;

use prost::Message;

use crate::error::{Error, Result};

/// How a client connects, and what holds for each of its calls.
///
/// ```
/// # use std::time::Duration;
/// # use triton_client::prelude::*;
/// let options =
/// ClientOptions::default().connect_timeout(Duration::from_secs(1)).request_timeout(Duration::from_secs(10));
/// ```
#[derive(Debug, Clone)]
pub struct ClientOptions {
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) max_message_size: usize,
    pub(crate) keep_alive_interval: Option<Duration>,
    pub(crate) keep_alive_timeout: Option<Duration>,
    pub(crate) headers: Headers,
    #[cfg(feature = "tls")]
    pub(crate) tls: TlsOptions,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: None,
            max_message_size: i32::MAX as usize, // as the server's
            keep_alive_interval: None,
            keep_alive_timeout: None,
            headers: Headers::default(),
            #[cfg(feature = "tls")]
            tls: TlsOptions::default(),
        }
    }
}

impl ClientOptions {
    /// How long connecting may take, TLS included; 5 seconds if it is not said.
    #[must_use]
    pub fn connect_timeout(self, limit: Duration) -> Self {
        Self { connect_timeout: limit, ..self }
    }

    /// How long each call may take until its whole answer is there; the server is told, and gives up, too. Without it
    /// calls take as long as they take. It does not hold for streams: bound the wait for a stream's next answer
    /// yourself.
    #[must_use]
    pub fn request_timeout(self, limit: Duration) -> Self {
        Self { request_timeout: Some(limit), ..self }
    }

    /// The largest message that is sent or taken, in bytes; 2147483647, the server's own limit, if it is not said.
    #[must_use]
    pub fn max_message_size(self, bytes: usize) -> Self {
        Self { max_message_size: bytes, ..self }
    }

    /// Asks a connection, also an idle one, that often whether it is still there. Servers close the connections of
    /// those who ask more often than they allow, every five minutes while idle if they were not told otherwise.
    #[must_use]
    pub fn keep_alive_interval(self, interval: Duration) -> Self {
        Self { keep_alive_interval: Some(interval), ..self }
    }

    /// How long such a question may stay without an answer until the connection counts as broken; 20 seconds if it is
    /// not said.
    #[must_use]
    pub fn keep_alive_timeout(self, limit: Duration) -> Self {
        Self { keep_alive_timeout: Some(limit), ..self }
    }

    /// Sends a header with each call: `authorization` with a key, for example. Names are lower-case.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.0.push((name.into(), value.into()));
        self
    }

    /// Who has to have signed the server's certificate, and who this client is; for addresses with `https://`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(self, tls: TlsOptions) -> Self {
        Self { tls, ..self }
    }
}

/// Refuses what is too large before it is sent: it would break the connection on its way.
pub(crate) fn check_size(message: &impl Message, limit: usize) -> Result<()> {
    let bytes = message.encoded_len();
    if bytes <= limit {
        return Ok(());
    }
    let change = "send less at once, or raise max_message_size";
    Err(Error::InvalidInput(format!("expected a message of at most {limit} bytes, got {bytes}: {change}")))
}

/// Names and values.
#[derive(Clone, Default)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl fmt::Debug for Headers {
    // Values are keys, often.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Certificates, in the text of PEM files.
#[cfg(feature = "tls")]
#[derive(Clone, Default)]
pub struct TlsOptions {
    pub(crate) roots: Option<Vec<u8>>,
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) domain: Option<String>,
}

#[cfg(feature = "tls")]
impl TlsOptions {
    /// Who has to have signed the server's certificate; without it one of those whom the system trusts.
    #[must_use]
    pub fn root_certificates(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { roots: Some(pem.into()), ..self }
    }

    /// Who this client is, to a server that asks.
    #[must_use]
    pub fn client_certificate(self, certificate_pem: impl Into<Vec<u8>>, key_pem: impl Into<Vec<u8>>) -> Self {
        Self { identity: Some((certificate_pem.into(), key_pem.into())), ..self }
    }

    /// The name that the server's certificate has to have; without it the address's.
    #[must_use]
    pub fn domain_name(self, name: impl Into<String>) -> Self {
        Self { domain: Some(name.into()), ..self }
    }
}

#[cfg(feature = "tls")]
impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { roots, identity, domain } = self;
        let mut text = f.debug_struct("TlsOptions");
        text.field("has_roots", &roots.is_some())
            .field("has_identity", &identity.is_some())
            .field("domain", domain)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_headers_are_not_printed() {
        let text = format!("{:?}", ClientOptions::default().header("authorization", "Bearer secret"));
        assert!(text.contains("authorization") && !text.contains("secret"), "{text}");
    }
}
