#!/usr/bin/env bash
# Builds the backend of docs/writing-a-backend.md out of tree against the SDK installed from a build folder, checks what
# it exports, and, if a server is at hand, asks it for an answer.
#
#   tests/backend_guide.sh <build folder> [<server program>]
#
# The server is the given one, else <build folder>/bin/neso, else none. `scripts/triton` serves too.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
build=$(readlink -f "$1")
server=${2:-$build/bin/neso}
work=$(mktemp -d)
server_pid=
trap '[ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null || true; rm -rf "$work"' EXIT
fail() { echo "backend_guide: $*" >&2; exit 1; }

cmake --install "$build" --component sdk --prefix "$work/sdk" > "$work/install.log" || fail "$(cat "$work/install.log")"

# Each file of the guide: the code block after its marker.
mkdir "$work/scale"
awk -v dir="$work/scale" '
  /^<!-- file: / { file = dir "/" $3; next }
  /^```/ { if (inside) { close(file); file = ""; inside = 0 } else if (file != "") inside = 1; next }
  inside { print > file }' "$root/docs/writing-a-backend.md"
for file in scale.cc CMakeLists.txt config.pbtxt; do
  [ -s "$work/scale/$file" ] || fail "the guide has no $file"
done

cmake -S "$work/scale" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/sdk" -DCMAKE_BUILD_TYPE=Release > "$work/log" 2>&1 \
  && cmake --build "$work/build" >> "$work/log" 2>&1 || fail "$(cat "$work/log")"
library=$work/build/backends/scale/libtriton_scale.so
[ -f "$library" ] || fail "there is no $library"
foreign=$(nm -D --defined-only "$library" | awk '{print $3}' | grep -vE '^(TRITONBACKEND_|NESOBACKEND_Traits$)' || true)
[ -z "$foreign" ] || fail "the library exports more than the C interface: $foreign"

if [ ! -x "$server" ]; then
  echo "built; no server to run it"
  exit 0
fi
mkdir -p "$work/models/double/1"
cp "$work/scale/config.pbtxt" "$work/models/double/"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$server" --backend-directory="$work/build/backends" --model-repository="$work/models" --http-port="$port" \
  --allow-grpc=false --allow-metrics=false > "$work/server.log" 2>&1 &
server_pid=$!
for _ in $(seq 100); do
  curl -sf "localhost:$port/v2/health/ready" && break
  kill -0 "$server_pid" 2>/dev/null || fail "the server ended: $(cat "$work/server.log")"
  sleep 0.1
done
answer=$(curl -s "localhost:$port/v2/models/double/infer" \
  -d '{"inputs":[{"name":"INPUT0","shape":[2,2],"datatype":"FP32","data":[1,2,3,4.5]}]}')
case $answer in
  *'"data":[3.0,6.0,9.0,13.5]'*) echo "built and served: $answer" ;;
  *) fail "expected [3.0,6.0,9.0,13.5], got $answer" ;;
esac
