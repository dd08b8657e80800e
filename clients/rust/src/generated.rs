//! The messages and the stub as they are generated from the protocol files: what the client speaks underneath.

/// The package `inference`: the messages of `grpc_service.proto` and `model_config.proto`.
#[allow(missing_docs, rustdoc::all, clippy::all)]
pub mod inference {
    tonic::include_proto!("inference");
}
