use crate::*;

#[tokio::test]
#[ignore = "needs a server"]
async fn a_server_lives_and_is_ready() {
    let client = client().await;
    assert!(client.is_server_live().await.unwrap());
    assert!(client.is_server_ready().await.unwrap());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_model_is_ready_or_not() {
    let client = client().await;
    assert!(client.is_model_ready("simple", "").await.unwrap());
    assert!(client.is_model_ready("simple", "1").await.unwrap());
    assert!(!client.is_model_ready("simple", "2").await.unwrap());
    assert!(!client.is_model_ready("missing", "").await.unwrap());
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_server_says_what_it_is() {
    let metadata = client().await.server_metadata().await.unwrap();
    assert!(!metadata.name.is_empty() && metadata.version.starts_with(|c: char| c.is_ascii_digit()), "{metadata:?}");
    assert!(metadata.extensions.iter().any(|extension| extension == "sequence"), "{metadata:?}");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_model_says_what_it_takes_and_gives() {
    let metadata = client().await.model_metadata("simple", "").await.unwrap();
    assert_eq!((metadata.name.as_str(), metadata.versions), ("simple", vec!["1".to_string()]));
    assert_eq!(metadata.platform, "onnxruntime_onnx");
    assert_eq!(metadata.inputs[1].name, "INPUT1");
    assert_eq!(metadata.outputs[0].shape, [-1, 16]);
    assert_eq!(metadata.outputs[0].datatype.parse(), Ok(DataType::Int32));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_configuration_comes_as_the_server_completed_it() {
    let config = client().await.model_config("simple", "1").await.unwrap();
    assert_eq!((config.name.as_str(), config.backend.as_str(), config.max_batch_size), ("simple", "onnxruntime", 8));
    assert!(!config.instance_group.is_empty(), "{config:?}");
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_model_that_is_not_there_is_not_found() {
    let client = client().await;
    assert_eq!(status(client.model_metadata("missing", "").await).0, Code::NotFound);
    assert_eq!(status(client.model_config("missing", "").await).0, Code::NotFound);
    assert_eq!(status(client.model_statistics("missing", "").await).0, Code::InvalidArgument);
    // Triton's word for it
}

#[tokio::test]
#[ignore = "needs a server"]
async fn requests_are_counted() {
    let client = client().await;
    for _ in 0..3 {
        client.infer(floats("counted", &[1.0]).try_build().unwrap()).await.unwrap();
    }
    let mut statistics = client.model_statistics("counted", "1").await.unwrap().model_stats.remove(0);
    for _ in 0..100 {
        if statistics.inference_count == 3 {
            break; // a backend answers before it reports
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        statistics = client.model_statistics("counted", "1").await.unwrap().model_stats.remove(0);
    }
    assert_eq!((statistics.name.as_str(), statistics.inference_count), ("counted", 3));
    assert_eq!(statistics.inference_stats.unwrap().success.unwrap().count, 3);
    assert!(client.model_statistics("", "").await.unwrap().model_stats.len() > 1);
}
