use crate::*;

async fn state(client: &TritonClient, name: &str) -> (String, String) {
    let models = client.repository_index().await.unwrap();
    let model = models.into_iter().find(|model| model.name == name).unwrap();
    (model.version, model.state)
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_model_is_unloaded_and_loaded() {
    let client = client().await;
    assert_eq!(state(&client, "spare").await, ("1".into(), "READY".into()));
    client.unload_model("spare").await.unwrap();
    while client.is_model_ready("spare", "").await.unwrap() {}
    let (code, _) = refused(&client, floats("spare", &[1.0]).build()).await;
    assert!(matches!(code, Code::NotFound | Code::Unavailable), "{code:?}");
    client.load_model("spare").await.unwrap();
    assert!(client.is_model_ready("spare", "").await.unwrap());
    assert_eq!(state(&client, "spare").await, ("1".into(), "READY".into()));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_model_is_loaded_with_another_configuration() {
    let client = client().await;
    let config = r#"{"backend": "identity", "max_batch_size": 3,
                     "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
                     "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}"#;
    client.load_model_with::<&str, _>("changed", config, []).await.unwrap();
    assert_eq!(client.model_config("changed", "").await.unwrap().max_batch_size, 3);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_model_is_loaded_from_files() {
    let client = client().await;
    let config = r#"{"backend": "identity",
                     "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
                     "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]}"#;
    client.load_model_with("sent", config, [("7/weights", vec![1, 2, 3])]).await.unwrap();
    assert_eq!(client.model_metadata("sent", "").await.unwrap().versions, ["7"]);
    let response = client.infer(floats("sent", &[1.0]).build()).await.unwrap();
    assert_eq!((response.model_version(), response.output_as_f32(0).unwrap()), ("7", vec![1.0]));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_model_that_cannot_be_loaded_says_why() {
    let client = client().await;
    let (_, message) = status(client.load_model("nowhere").await);
    assert!(message.contains("nowhere"), "{message}");
    let (code, message) = status(client.load_model_with::<&str, _>("changed", "{", []).await);
    assert!(!message.is_empty(), "{code:?}");
}
