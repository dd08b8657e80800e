# The Rust client of docs/other-languages.md, compiled by the distribution's own compiler.
# inputs: examples/languages/rust/Cargo.toml examples/languages/rust/Cargo.lock examples/languages/rust/build.rs examples/languages/rust/src/main.rs src/frontend/grpc/grpc_service.proto src/config/model_config.proto
. scripts/setup.d/protocol_files.sh

Make_language-rust() {
  local result=$1 build=$2
  ProtocolFiles "$build/proto"
  cp -r examples/languages/rust "$build/module"
  mkdir "$result/bin"
  Quietly env PATH="/usr/bin:$PATH" CARGO_HOME="$build/cargo" NESO_PROTO="$build/proto" PROTOC="$deps/protobuf/bin/protoc" \
    cargo build --locked --manifest-path "$build/module/Cargo.toml" --target-dir "$build/target"
  strip -o "$result/bin/ask" "$build/target/debug/ask"
}
