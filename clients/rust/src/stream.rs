//! The answers of a stream.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use prost::Message;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::{Response, Status, Streaming};

use crate::error::{Error, Result, StreamFailure};
use crate::generated::inference::ModelStreamInferResponse;
use crate::infer::InferResponse;
use crate::options::check_size;

type Messages = Streaming<ModelStreamInferResponse>;
type Call = std::result::Result<Response<Messages>, Status>;

/// The answers of [`infer_stream`](crate::TritonClient::infer_stream), as they come.
///
/// A request that fails is an item with [`Error::StreamInference`], and the stream goes on; after any other error it is
/// over. It ends when the requests have ended and all are answered. Dropping it cancels what is not answered.
#[derive(Debug)]
pub struct InferStream {
    state: State,
    refused: oneshot::Receiver<Error>,
}

#[derive(Debug)]
enum State {
    /// Servers answer a call when they have something to say, which may be long after the first request. Until then
    /// requests go out all the same, whether anybody waits for answers or not.
    Asked(JoinHandle<Call>),
    Answered(Box<Messages>),
    Over,
}

impl InferStream {
    /// Starts `call`, whose requests are `Watched`, and waits until they are asked for, or the call has failed.
    pub(crate) async fn start<F>(call: F, watch: Watch) -> Result<Self>
    where
        F: Future<Output = Call> + Send + 'static,
    {
        let mut stream = Self { state: State::Asked(tokio::spawn(call)), refused: watch.refused };
        if watch.are_wanted.await.is_err() {
            // The requests are gone without having been asked for.
            stream.open().await?;
        }
        Ok(stream)
    }

    async fn open(&mut self) -> Result<()> {
        std::future::poll_fn(|context| self.poll_open(context)).await
    }

    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        let State::Asked(call) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let Poll::Ready(ended) = Pin::new(call).poll(context) else {
            return Poll::Pending;
        };
        let failure = match ended {
            Ok(Ok(response)) => {
                self.state = State::Answered(Box::new(response.into_inner()));
                return Poll::Ready(Ok(()));
            }
            Ok(Err(status)) => status.into(),
            Err(error) => Error::Connection(format!("the task of the stream ended: {error}")),
        };
        self.state = State::Over;
        Poll::Ready(Err(failure))
    }
}

impl Drop for InferStream {
    fn drop(&mut self) {
        if let State::Asked(call) = &self.state {
            call.abort();
        }
    }
}

impl Stream for InferStream {
    type Item = Result<InferResponse>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.poll_open(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) => {}
        }
        let State::Answered(messages) = &mut self.state else {
            return Poll::Ready(None);
        };
        let message = Pin::new(messages.as_mut()).poll_next(context);
        if matches!(message, Poll::Ready(None | Some(Err(_)))) {
            self.state = State::Over;
            if let Ok(error) = self.refused.try_recv() {
                return Poll::Ready(Some(Err(error)));
            }
        }
        message.map(|message| message.map(answer))
    }
}

/// Requests that tell when they are asked for, which is when the server is there. One that is too large is their end:
/// on its way it would break the connection.
pub(crate) struct Watched<S> {
    requests: Pin<Box<S>>,
    max_message_size: usize,
    are_wanted: Option<oneshot::Sender<()>>,
    refused: Option<oneshot::Sender<Error>>, // none: they are over
}

/// What is told of requests.
pub(crate) struct Watch {
    are_wanted: oneshot::Receiver<()>,
    refused: oneshot::Receiver<Error>,
}

impl<S> Watched<S> {
    pub(crate) fn new(requests: S, max_message_size: usize) -> (Self, Watch) {
        let (wanted, are_wanted) = oneshot::channel();
        let (refuse, refused) = oneshot::channel();
        let requests = Box::pin(requests);
        let watched = Self { requests, max_message_size, are_wanted: Some(wanted), refused: Some(refuse) };
        (watched, Watch { are_wanted, refused })
    }
}

impl<M: Message, S: Stream<Item = M>> Stream for Watched<S> {
    type Item = M;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<M>> {
        // Who listens to what is told here may have gone.
        if let Some(are_wanted) = self.are_wanted.take() {
            let _ = are_wanted.send(());
        }
        if self.refused.is_none() {
            return Poll::Ready(None);
        }
        let next = self.requests.as_mut().poll_next(context);
        let Poll::Ready(Some(request)) = &next else {
            return next;
        };
        let Err(error) = check_size(request, self.max_message_size) else {
            return next;
        };
        if let Some(refused) = self.refused.take() {
            let _ = refused.send(error);
        }
        Poll::Ready(None)
    }
}

fn answer(message: std::result::Result<ModelStreamInferResponse, Status>) -> Result<InferResponse> {
    let ModelStreamInferResponse { error_message, infer_response } = message?;
    if !error_message.is_empty() {
        let request_id = infer_response.map(|response| response.id).unwrap_or_default();
        return Err(Error::StreamInference(StreamFailure::new(error_message, request_id)));
    }
    let missing = || Error::UnexpectedResponse("a message of the stream has neither an answer nor an error".into());
    infer_response.map(InferResponse::new).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::inference::{ModelInferRequest, ModelInferResponse};
    use tokio_stream::StreamExt;

    fn message(error: &str, id: Option<&str>) -> ModelStreamInferResponse {
        let infer_response = id.map(|id| ModelInferResponse { id: id.into(), ..Default::default() });
        ModelStreamInferResponse { error_message: error.into(), infer_response }
    }

    #[test]
    fn an_answer_is_an_answer() {
        assert_eq!(answer(Ok(message("", Some("one")))).unwrap().id(), "one");
    }

    #[test]
    fn a_failure_names_its_request_and_an_empty_message_is_one() {
        let text = answer(Ok(message("no", Some("one")))).unwrap_err().to_string();
        assert_eq!(text, "stream: request 'one': no");
        assert_eq!(answer(Ok(message("no", None))).unwrap_err().to_string(), "stream: no");
        assert!(matches!(answer(Ok(message("", None))), Err(Error::UnexpectedResponse(_))));
        assert!(matches!(answer(Err(Status::unavailable("gone"))), Err(Error::Grpc { .. })));
    }

    fn watched(sizes: &[usize]) -> (Watched<impl Stream<Item = ModelInferRequest>>, Watch) {
        let request = |&size| ModelInferRequest { raw_input_contents: vec![vec![0; size]], ..Default::default() };
        Watched::new(tokio_stream::iter(sizes.iter().map(request).collect::<Vec<_>>()), 100)
    }

    #[tokio::test]
    async fn requests_end_with_the_first_that_is_too_large() {
        let (requests, mut watch) = watched(&[50, 200, 50]);
        assert_eq!(requests.collect::<Vec<_>>().await.len(), 1);
        let text = watch.refused.try_recv().unwrap().to_string();
        assert!(text.contains("expected a message of at most 100 bytes, got 203"), "{text}");
    }

    #[tokio::test]
    async fn a_call_that_fails_before_requests_are_asked_for_is_no_stream() {
        let (requests, watch) = watched(&[1]);
        let call = async move {
            drop(requests);
            Err(Status::unavailable("nobody there"))
        };
        let error = InferStream::start(call, watch).await.unwrap_err();
        assert_eq!(error.to_string(), "Unavailable: nobody there");
    }

    #[tokio::test]
    async fn a_call_that_fails_later_is_the_stream_s_only_item() {
        let (mut requests, watch) = watched(&[1]);
        let call = async move {
            assert!(requests.next().await.is_some());
            Err(Status::internal("broken"))
        };
        let mut stream = InferStream::start(call, watch).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap_err().to_string(), "Internal: broken");
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn requests_are_dropped_with_the_stream_that_nothing_was_heard_of() {
        let (mut requests, watch) = Watched::new(tokio_stream::pending::<ModelInferRequest>(), 100);
        let (held, is_dropped) = oneshot::channel::<()>();
        let call = async move {
            let _held = held;
            requests.next().await;
            unreachable!("they never come");
        };
        drop(InferStream::start(call, watch).await.unwrap());
        assert!(is_dropped.await.is_err());
    }
}
