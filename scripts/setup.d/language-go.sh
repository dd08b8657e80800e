# The Go client of docs/other-languages.md, compiled: stubs by the stock generators, the client as the page shows it.
# inputs: scripts/setup.d/go.sh examples/languages/go/go.mod examples/languages/go/go.sum examples/languages/go/main.go src/frontend/grpc/grpc_service.proto src/config/model_config.proto
. scripts/setup.d/go.sh
. scripts/setup.d/protocol_files.sh

Make_language-go() {
  local result=$1 build=$2 module=$2/module plugin option
  FetchGo "$build"
  ProtocolFiles "$build/proto"
  mkdir -p "$result/bin" "$build/bin" "$module/inference"
  cp examples/languages/go/{go.mod,go.sum,main.go} "$module/"
  for plugin in google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc; do
    Quietly GoBuild "$build" "$plugin" "$build/bin/${plugin##*/}"
  done
  option="module=example,Mgrpc_service.proto=example/inference,Mmodel_config.proto=example/inference"
  PATH=$build/bin:$PATH Quietly "$deps/protobuf/bin/protoc" -I"$build/proto" --go_out="$module" --go_opt="$option" \
    --go-grpc_out="$module" --go-grpc_opt="$option" grpc_service.proto model_config.proto
  Quietly GoBuild "$build" . "$result/bin/ask"
}
