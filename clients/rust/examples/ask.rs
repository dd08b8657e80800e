//! Asks a server for its state, a model's metadata, an answer and a stream of them: ask [host:port]
use tokio_stream::StreamExt;
use triton_client::prelude::*;

fn request(model: &str, values: &[f32]) -> InferRequestBuilder {
    let input = InferInput::new("INPUT", vec![values.len() as i64], DataType::Fp32).with_data_f32(values);
    InferRequestBuilder::new(model).input(input)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("localhost:8001".into());
    let client = TritonClient::connect(&address).await?;
    println!("live: {}", client.is_server_live().await?);

    for input in client.model_metadata("echo", "").await?.inputs {
        println!("input: {} {} {:?}", input.name, input.datatype, input.shape);
    }

    let answer = client.infer(request("echo", &[1.0, 2.5, 3.0]).request_id("first").try_build()?).await?;
    println!("{}: {:.1?}", answer.id(), answer.output_as_f32("OUTPUT")?);

    // A decoupled model gives any number of answers; the stream ends when all have come.
    let requests = tokio_stream::iter([request("repeat", &[4.0, 5.0]).try_build()?]);
    let mut answers = client.infer_stream(requests).await?;
    while let Some(answer) = answers.next().await {
        println!("streamed: {:.1?}", answer?.output_as_f32("OUTPUT")?);
    }

    if let Err(error) = client.infer(request("missing", &[1.0]).try_build()?).await {
        println!("refused: {error}");
    }
    let wide = InferInput::new("INPUT", vec![2, 2], DataType::Fp32).with_data_f32(&[1.0, 2.0]);
    if let Err(error) = InferRequestBuilder::new("echo").input(wide).try_build() {
        println!("not sent: {error}");
    }
    Ok(())
}
