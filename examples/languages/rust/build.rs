fn main() -> std::io::Result<()> {
    // The folder with the protocol files: <tree>/share/neso/proto.
    println!("cargo:rerun-if-env-changed=NESO_PROTO");
    let folder = std::env::var("NESO_PROTO").expect("NESO_PROTO: the folder with grpc_service.proto");
    tonic_build::configure().build_server(false).compile_protos(&[format!("{folder}/grpc_service.proto")], &[folder])
}
