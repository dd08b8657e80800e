# Conformance tools written in Go: h2spec, and gRPC's interoperability client.
# inputs: scripts/setup.d/go.sh requirements/go.mod requirements/go.sum
. scripts/setup.d/go.sh

Make_gotools() {
  local result=$1 build=$2
  FetchGo "$build"
  mkdir "$result/bin" "$build/module"
  cp requirements/go.mod requirements/go.sum "$build/module/"
  Quietly GoBuild "$build" github.com/summerwind/h2spec/cmd/h2spec "$result/bin/h2spec"
  Quietly GoBuild "$build" google.golang.org/grpc/interop/client "$result/bin/grpc_interop_client"
}
