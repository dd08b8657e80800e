use std::io::{stdin, Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::*;

#[tokio::test]
#[ignore = "needs a server"]
async fn an_address_may_have_a_scheme() {
    let client = TritonClient::connect(&format!("http://{}", url())).await.unwrap();
    assert!(client.is_server_live().await.unwrap());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn keep_alive_does_not_disturb() {
    let options = ClientOptions::default()
        .keep_alive_interval(Duration::from_secs(600))
        .keep_alive_timeout(Duration::from_secs(1));
    let client = TritonClient::connect_with_options(&url(), options).await.unwrap();
    assert!(client.is_server_live().await.unwrap());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_call_ends_when_its_time_is_up_and_the_next_is_answered() {
    let options = ClientOptions::default().request_timeout(Duration::from_millis(200));
    let client = TritonClient::connect_with_options(&url(), options).await.unwrap();
    let began = Instant::now();
    let (code, message) = refused(&client, floats("slow", &[1.0]).build()).await;
    assert_eq!(code, Code::DeadlineExceeded);
    assert_eq!(message, "expected an answer within 200ms, the client's request timeout");
    assert!(began.elapsed() < Duration::from_millis(2000), "{:?}", began.elapsed());
    assert!(client.is_server_live().await.unwrap());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_request_timeout_is_not_a_stream_s() {
    use tokio_stream::StreamExt;
    let options = ClientOptions::default().request_timeout(Duration::from_millis(200));
    let client = TritonClient::connect_with_options(&url(), options).await.unwrap();
    let requests = tokio_stream::iter([floats("slow", &[1.0]).build()]);
    let mut answers = client.infer_stream(requests).await.unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap().output_as_f32(0).unwrap(), [1.0]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_message_that_is_too_large_is_refused() {
    let options = ClientOptions::default().max_message_size(1000);
    let client = TritonClient::connect_with_options(&url(), options).await.unwrap();
    let error = client.infer(floats("of_fp32", &[1.0; 1000]).build()).await.unwrap_err();
    assert!(matches!(&error, Error::InvalidInput(text) if text.contains("at most 1000 bytes, got 40")), "{error}");
    let answer =
        TritonClient::connect_with_options(&url(), ClientOptions::default().max_message_size(40)).await.unwrap();
    let (code, message) = status(answer.server_metadata().await);
    assert_eq!(code, Code::OutOfRange);
    assert!(message.contains("the limit is: 40 bytes"), "{message}");
}

// NESO_CA, NESO_CERT and NESO_KEY are files of PEM; the server wants a certificate.
#[cfg(feature = "tls")]
#[tokio::test]
#[ignore = "needs a server with TLS"]
async fn a_server_with_tls_and_its_client_know_each_other() {
    use triton_client::client::TlsOptions;

    let file = |name: &str| std::fs::read(std::env::var(name).unwrap()).unwrap();
    let url = format!("https://{}", url());
    let known = TlsOptions::default()
        .root_certificates(file("NESO_CA"))
        .client_certificate(file("NESO_CERT"), file("NESO_KEY"));
    let options = |tls| ClientOptions::default().tls(tls);
    let client = TritonClient::connect_with_options(&url, options(known.clone())).await.unwrap();
    assert_eq!(client.infer(floats("of_fp32", &[1.0]).build()).await.unwrap().output_as_f32(0).unwrap(), [1.0]);

    let elsewhere = options(known.domain_name("elsewhere.example"));
    let error = TritonClient::connect_with_options(&url, elsewhere).await.unwrap_err().to_string();
    assert!(error.contains("certificate") && error.contains("elsewhere.example"), "{error}");

    let nobody = options(TlsOptions::default().root_certificates(file("NESO_CA")));
    let is_refused = match TritonClient::connect_with_options(&url, nobody).await {
        Ok(client) => client.is_server_live().await.is_err(), // TLS 1.3 refuses after the handshake
        Err(_) => true,
    };
    assert!(is_refused);

    let error = TritonClient::connect(&url).await.unwrap_err().to_string();
    assert!(error.to_lowercase().contains("certificate"), "{error}"); // of nobody whom the system trusts
}

/// Tells who runs this how far it is, and waits until the server is as it shall be.
async fn after(stage: &str) {
    println!("\nstage: {stage}");
    std::io::stdout().flush().unwrap();
    tokio::task::spawn_blocking(|| stdin().read_exact(&mut [0]).unwrap()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a server that stops and starts"]
async fn a_server_that_stops_is_missed_and_found_again() {
    use tokio_stream::StreamExt;
    let client = client().await;
    let (_send, receive) = tokio::sync::mpsc::channel(1);
    let mut answers = client.infer_stream(tokio_stream::wrappers::ReceiverStream::new(receive)).await.unwrap();
    after("connected").await;

    let (code, message) = refused(&client, floats("of_fp32", &[1.0]).build()).await;
    assert_eq!(code, Code::Unavailable);
    assert!(message.contains("refused"), "{message}");
    let (code, _) = status(answers.next().await.unwrap());
    assert!(matches!(code, Code::Unavailable | Code::Cancelled), "{code:?}");
    assert!(answers.next().await.is_none());
    assert_eq!(status(client.infer_stream(tokio_stream::empty()).await).0, Code::Unavailable);
    after("missed").await;

    assert_eq!(client.infer(floats("of_fp32", &[2.0]).build()).await.unwrap().output_as_f32(0).unwrap(), [2.0]);
}

#[tokio::test]
async fn nobody_at_an_address_is_an_error_that_says_so() {
    let error = TritonClient::connect("127.0.0.1:1").await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)));
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn an_address_that_cannot_be_meant_is_an_error_that_shows_how() {
    for address in ["", "ftp://host:1", "http://", "two words"] {
        let error = TritonClient::connect(address).await.unwrap_err();
        assert!(matches!(&error, Error::Connection(text) if text.contains("expected http://host:port")), "{error}");
    }
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_handshake_that_nobody_answers_ends_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let options = ClientOptions::default().connect_timeout(Duration::from_millis(100));
    let error = TritonClient::connect_with_options(&url, options).await.unwrap_err();
    assert!(matches!(&error, Error::Connection(text) if text.contains("within 100ms")), "{error}");
}

#[tokio::test]
async fn a_server_that_is_silent_keeps_nobody_waiting() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = ClientOptions::default().request_timeout(Duration::from_millis(100));
    let address = listener.local_addr().unwrap().to_string();
    let client = TritonClient::connect_with_options(&address, options).await.unwrap();
    assert_eq!(status(client.is_server_live().await).0, Code::DeadlineExceeded);
}
