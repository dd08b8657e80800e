use crate::*;
use tokio_stream::StreamExt;

#[tokio::test]
#[ignore = "needs a server"]
async fn a_decoupled_model_answers_several_times() {
    let client = client().await;
    let requests = tokio_stream::iter([floats("repeat", &[4.0, 5.0]).request_id("one").try_build().unwrap()]);
    let answers: Vec<_> = client.infer_stream(requests).await.unwrap().collect::<Result<_>>().await.unwrap();
    assert_eq!(answers.len(), 3);
    for answer in &answers {
        assert_eq!((answer.id(), answer.output_as_f32("OUTPUT0").unwrap()), ("one", vec![4.0, 5.0]));
    }
}

#[tokio::test]
#[ignore = "needs a server"]
async fn an_empty_answer_says_that_no_more_follow() {
    let client = client().await;
    let requests = tokio_stream::iter([floats("repeat", &[1.0]).empty_final_response(true).build()]);
    let answers: Vec<_> = client.infer_stream(requests).await.unwrap().collect::<Result<_>>().await.unwrap();
    let finals: Vec<bool> = answers.iter().map(InferResponse::is_final).collect();
    assert_eq!(finals, [false, false, false, true]);
    assert!(answers[3].outputs().is_empty());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn other_models_answer_in_the_order_of_the_requests() {
    let client = client().await;
    let requests: Vec<_> = (0..20).map(|i| floats("of_fp32", &[i as f32]).request_id(i.to_string()).build()).collect();
    let mut answers = client.infer_stream(tokio_stream::iter(requests)).await.unwrap();
    for i in 0..20 {
        let answer = answers.next().await.unwrap().unwrap();
        assert_eq!((answer.id(), answer.output_as_f32(0).unwrap()), (i.to_string().as_str(), vec![i as f32]));
        assert!(answer.is_final());
    }
    assert!(answers.next().await.is_none());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_request_that_fails_is_named_and_the_stream_goes_on() {
    let client = client().await;
    let requests = [
        floats("missing", &[1.0]).request_id("unknown").build(),
        floats("of_fp32", &[2.0]).request_id("known").build(),
    ];
    let mut answers = client.infer_stream(tokio_stream::iter(requests)).await.unwrap();
    let Some(Err(Error::StreamInference(failure))) = answers.next().await else { panic!("expected a failure") };
    assert_eq!(&*failure, "Request for unknown model: 'missing' is not found");
    assert_eq!(failure.request_id(), "unknown");
    assert_eq!(answers.next().await.unwrap().unwrap().id(), "known");
    assert!(answers.next().await.is_none());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_request_may_depend_on_the_answer_before_it() {
    let client = client().await;
    let (send, receive) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(receive);
    let mut answers = client.infer_stream(requests).await.unwrap(); // before there is any request
    let mut value = 1.0;
    for _ in 0..5 {
        send.send(floats("of_fp32", &[value * 2.0]).build()).await.unwrap();
        value = answers.next().await.unwrap().unwrap().output_as_f32(0).unwrap()[0];
    }
    assert_eq!(value, 32.0);
    drop(send);
    assert!(answers.next().await.is_none());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_sequence_on_a_stream_keeps_its_state() {
    let request = |i: i32| {
        let value = InferInput::new("INPUT", vec![1, 1], DataType::Int32).with_data_i32(&[i]);
        InferRequestBuilder::new("simple_sequence")
            .sequence_id("on a stream")
            .sequence_start(i == 1)
            .sequence_end(i == 4)
            .input(value)
            .try_build()
            .unwrap()
    };
    let client = client().await;
    let answers = client.infer_stream(tokio_stream::iter((1..=4).map(request).collect::<Vec<_>>())).await.unwrap();
    let sums: Vec<i32> = answers.map(|answer| answer.unwrap().output_as_i32("OUTPUT").unwrap()[0]).collect().await;
    assert_eq!(sums, [1, 3, 6, 10]);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_stream_goes_to_another_task_and_is_dropped_there() {
    let client = client().await;
    let requests = tokio_stream::iter([floats("repeat", &[1.0]).build()]);
    let mut answers = client.infer_stream(requests).await.unwrap();
    let first = tokio::spawn(async move { answers.next().await.unwrap().unwrap() }).await.unwrap();
    assert_eq!(first.output_as_f32(0).unwrap(), [1.0]);
    assert!(client.is_server_live().await.unwrap());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_request_that_is_too_large_ends_the_stream() {
    let options = ClientOptions::default().max_message_size(1000);
    let client = TritonClient::connect_with_options(&url(), options).await.unwrap();
    let requests = [&[1.0; 10][..], &[1.0; 1000], &[1.0]].map(|values| floats("of_fp32", values).build());
    let mut answers = client.infer_stream(tokio_stream::iter(requests)).await.unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap().output_as_f32(0).unwrap(), [1.0; 10]);
    let error = answers.next().await.unwrap().unwrap_err();
    assert!(matches!(&error, Error::InvalidInput(text) if text.contains("at most 1000 bytes")), "{error}");
    assert!(answers.next().await.is_none());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_decoupled_model_is_asked_by_a_stream_only() {
    let (code, message) = refused(&client().await, floats("repeat", &[1.0]).build()).await;
    assert_eq!(code, Code::Unimplemented);
    assert!(message.contains("decoupled"), "{message}");
}
