# The Rust client of docs/other-languages.md in bin/, and in client/ the example and the tests of the library in
# clients/rust: compiled by the distribution's own compiler, with dependencies of the same versions, once for both.
# inputs: examples/languages/rust/Cargo.toml examples/languages/rust/Cargo.lock examples/languages/rust/build.rs examples/languages/rust/src/main.rs clients/rust/Cargo.toml clients/rust/Cargo.lock clients/rust/README.md clients/rust/build.rs clients/rust/examples/*.rs clients/rust/src/*.rs clients/rust/src/infer/*.rs clients/rust/tests/server/*.rs src/frontend/grpc/grpc_service.proto src/config/model_config.proto
. scripts/setup.d/protocol_files.sh

Make_language-rust() {
  local result=$1 build=$2 deps_of_tests
  ProtocolFiles "$build/proto"
  cp -r examples/languages/rust "$build/ask"
  cp -rL clients/rust "$build/client"  # its protocol files are links
  mkdir "$result/bin" "$result/client"
  Cargo "$build" ask build
  strip -o "$result/bin/ask" "$build/target/debug/ask"
  Cargo "$build" client build --example ask
  strip -o "$result/client/ask" "$build/target/debug/examples/ask"
  Cargo "$build" client test --no-run --lib --test server --features tls
  deps_of_tests=$build/target/debug/deps
  strip -o "$result/client/unit" "$(find "$deps_of_tests" -name 'triton_client-*' -executable -type f)"
  strip -o "$result/client/server" "$(find "$deps_of_tests" -name 'server-*' -executable -type f)"
}

# Cargo <build folder> <crate> <command>...: debugging information takes as long again as the rest.
Cargo() {
  local build=$1 crate=$2
  shift 2
  Quietly env PATH="/usr/bin:$PATH" CARGO_HOME="$build/cargo" CARGO_PROFILE_DEV_DEBUG=false RUSTFLAGS="-D warnings" \
    NESO_PROTO="$build/proto" PROTOC="$deps/protobuf/bin/protoc" \
    cargo "$@" --locked --manifest-path "$build/$crate/Cargo.toml" --target-dir "$build/target"
}
