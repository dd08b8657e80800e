//! What goes wrong: [`Error`], and what a stream tells of one request, [`StreamFailure`].

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;

pub use tonic::Code;
use tonic::{Status, TimeoutExpired};

/// What the methods of this crate give.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call has no answer.
///
/// [`Error::code`] tells those apart that a program can do something about: `Unavailable` may be tried again,
/// `InvalidArgument` and `NotFound` will fail again.
#[derive(Debug)]
pub enum Error {
    /// No connection was made: the address cannot be meant, or nobody answered within the time.
    Connection(String),
    /// No connection was made, because of what its source says: nobody listens there, the host has no such name, or the
    /// certificate is not trusted.
    Transport(tonic::transport::Error),
    /// The call ended with a status: the server's, in the server's words; or the client's own, of a connection that
    /// broke (`Unavailable`), an answer that did not come in time (`DeadlineExceeded`) or a message that is too large
    /// (`OutOfRange`).
    Grpc {
        /// The status.
        code: Code,
        /// What it is about.
        message: String,
    },
    /// A request, an option or an index that cannot be meant; nothing was sent.
    InvalidInput(String),
    /// For programs that need a model which [`is_model_ready`](crate::TritonClient::is_model_ready) says is not ready.
    /// No method of this crate gives it.
    ModelNotReady {
        /// The model's name.
        model_name: String,
        /// Its version; empty: the one that the server takes.
        model_version: String,
    },
    /// For programs that need a server which [`is_server_ready`](crate::TritonClient::is_server_ready) says is not
    /// ready. No method of this crate gives it.
    ServerNotReady,
    /// One request of a stream failed; the stream goes on.
    StreamInference(StreamFailure),
    /// An answer that the protocol does not know.
    UnexpectedResponse(String),
}

impl Error {
    /// The status of the call; none where no server was asked, or where a stream tells of one request.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Grpc { code, .. } => Some(*code),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(reason) => write!(f, "connection error: {reason}"),
            Self::Transport(error) => f.write_str(&with_sources(error)),
            Self::Grpc { code, message } => write!(f, "{code:?}: {message}"),
            Self::InvalidInput(reason) => write!(f, "invalid input: {reason}"),
            Self::ModelNotReady { model_name, model_version } if model_version.is_empty() => {
                write!(f, "model not ready: '{model_name}'")
            }
            Self::ModelNotReady { model_name, model_version } => {
                write!(f, "model not ready: '{model_name}' version {model_version}")
            }
            Self::ServerNotReady => f.write_str("server not ready"),
            Self::StreamInference(failure) if failure.request_id().is_empty() => write!(f, "stream: {failure}"),
            Self::StreamInference(failure) => write!(f, "stream: request '{}': {failure}", failure.request_id()),
            Self::UnexpectedResponse(reason) => write!(f, "unexpected response: {reason}"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Transport(error) => Some(error),
            _ => None,
        }
    }
}

impl From<tonic::transport::Error> for Error {
    fn from(error: tonic::transport::Error) -> Self {
        Self::Transport(error)
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        if status.source().is_none() {
            return Self::Grpc { code: status.code(), message: status.message().into() };
        }
        // What has a source was made on this side: the library calls a time that is up "cancelled", and does not know
        // what a connection that breaks means.
        let expired = sources(&status).any(|source| source.is::<TimeoutExpired>());
        let code = match status.code() {
            Code::Cancelled if expired => Code::DeadlineExceeded,
            Code::Unknown => Code::Unavailable,
            code => code,
        };
        let source = status.source().map(with_sources).unwrap_or_default();
        Self::Grpc { code, message: source }
    }
}

/// Why one request of a stream failed. It reads as the server's message does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFailure {
    message: String,
    request_id: String,
}

impl StreamFailure {
    pub(crate) fn new(message: String, request_id: String) -> Self {
        Self { message, request_id }
    }

    /// The `id` of the request; empty if it had none.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Deref for StreamFailure {
    type Target = str;

    fn deref(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for StreamFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<&str> for StreamFailure {
    fn from(message: &str) -> Self {
        Self::new(message.into(), String::new())
    }
}

impl From<String> for StreamFailure {
    fn from(message: String) -> Self {
        Self::new(message, String::new())
    }
}

fn sources<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// "transport error" alone tells nobody what to look for: its sources do.
fn with_sources(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = sources(error).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_keeps_its_code_and_its_words() {
        let error = Error::from(Status::not_found("Request for unknown model: 'm' is not found"));
        assert_eq!(error.code(), Some(Code::NotFound));
        assert_eq!(error.to_string(), "NotFound: Request for unknown model: 'm' is not found");
    }

    #[test]
    fn a_connection_that_breaks_is_unavailable_and_says_why() {
        let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset by peer");
        let error = Error::from(Status::from_error(Box::new(broken)));
        assert_eq!(error.to_string(), "Unavailable: reset by peer");
    }

    #[test]
    fn a_time_that_is_up_is_a_deadline_that_passed() {
        let error = Error::from(Status::from_error(Box::new(TimeoutExpired(()))));
        assert_eq!(error.code(), Some(Code::DeadlineExceeded));
    }

    #[test]
    fn a_failure_on_a_stream_names_its_request() {
        let named = StreamFailure::new("no such input".into(), "seven".into());
        assert_eq!(Error::StreamInference(named.clone()).to_string(), "stream: request 'seven': no such input");
        assert_eq!((&*named, named.request_id()), ("no such input", "seven"));
        assert_eq!(Error::StreamInference("no such input".into()).to_string(), "stream: no such input");
    }

    #[test]
    fn errors_for_programs_say_which_model() {
        let error = |version: &str| Error::ModelNotReady { model_name: "m".into(), model_version: version.into() };
        assert_eq!(error("").to_string(), "model not ready: 'm'");
        assert_eq!(error("2").to_string(), "model not ready: 'm' version 2");
        assert_eq!(Error::ServerNotReady.to_string(), "server not ready");
    }
}
