//! Each method of the client, against a server: NESO_URL names it, and its models are those of
//! tests/rust_client/test_rust_client.py, which runs this program.

mod connections;
mod inference;
mod metadata;
mod repository;
mod settings;
mod shared_memory;
mod streams;

use triton_client::error::Code;
use triton_client::generated::inference::ModelInferRequest;
use triton_client::prelude::*;

fn url() -> String {
    std::env::var("NESO_URL").expect("NESO_URL: the server's host:port")
}

async fn client() -> TritonClient {
    TritonClient::connect(&url()).await.unwrap()
}

/// INPUT0 of an identity model.
fn floats(model: &str, values: &[f32]) -> InferRequestBuilder {
    let input = InferInput::new("INPUT0", vec![values.len() as i64], DataType::Fp32).with_data_f32(values);
    InferRequestBuilder::new(model).input(input)
}

fn sixteen(name: &str, value: i32) -> InferInput {
    InferInput::new(name, vec![1, 16], DataType::Int32).with_data_i32(&[value; 16])
}

/// What adds and subtracts two inputs.
fn simple() -> InferRequestBuilder {
    InferRequestBuilder::new("simple").input(sixteen("INPUT0", 5)).input(sixteen("INPUT1", 3))
}

async fn refused(client: &TritonClient, request: ModelInferRequest) -> (Code, String) {
    status(client.infer(request).await)
}

fn status<T: std::fmt::Debug>(result: Result<T>) -> (Code, String) {
    match result {
        Err(Error::Grpc { code, message }) => (code, message),
        other => panic!("expected a status, got {other:?}"),
    }
}
