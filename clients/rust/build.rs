//! Generates the messages and the stub from the protocol files beside this file; protoc is found by PROTOC, or in PATH.

fn main() -> std::io::Result<()> {
    tonic_build::configure().build_server(false).compile_protos(&["proto/grpc_service.proto"], &["proto"])
}
