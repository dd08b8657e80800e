//! Asks a server for its state, a model's metadata, an answer and a stream of them: ask [host:port]
mod inference {
    tonic::include_proto!("inference"); // what build.rs made
}

use inference::grpc_inference_service_client::GrpcInferenceServiceClient;
use inference::model_infer_request::InferInputTensor;
use inference::{ModelInferRequest, ModelMetadataRequest, ServerLiveRequest};
use std::error::Error;

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn to_floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|chunk| f32::from_le_bytes(chunk.try_into().unwrap())).collect()
}

fn request(model: &str, values: &[f32]) -> ModelInferRequest {
    ModelInferRequest {
        model_name: model.into(),
        inputs: vec![InferInputTensor {
            name: "INPUT".into(),
            datatype: "FP32".into(),
            shape: vec![values.len() as i64],
            ..Default::default()
        }],
        raw_input_contents: vec![to_bytes(values)],
        ..Default::default()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or("localhost:8001".into());
    let mut client = GrpcInferenceServiceClient::connect(format!("http://{address}")).await?;

    let live = client.server_live(ServerLiveRequest {}).await?.into_inner();
    println!("live: {}", live.live);

    let metadata = ModelMetadataRequest { name: "echo".into(), ..Default::default() };
    for input in client.model_metadata(metadata).await?.into_inner().inputs {
        println!("input: {} {} {:?}", input.name, input.datatype, input.shape);
    }

    let answer = client.model_infer(request("echo", &[1.0, 2.5, 3.0])).await?.into_inner();
    println!("answer: {:.1?}", to_floats(&answer.raw_output_contents[0]));

    // A decoupled model gives any number of answers; the stream ends when all have come.
    let requests = tokio_stream::iter([request("repeat", &[4.0, 5.0])]);
    let mut stream = client.model_stream_infer(requests).await?.into_inner();
    while let Some(message) = stream.message().await? {
        let response = message.infer_response.filter(|_| message.error_message.is_empty());
        let response = response.ok_or(message.error_message)?;
        println!("streamed: {:.1?}", to_floats(&response.raw_output_contents[0]));
    }

    if let Err(status) = client.model_infer(request("missing", &[1.0])).await {
        println!("refused: {:?}: {}", status.code(), status.message());
    }
    Ok(())
}
