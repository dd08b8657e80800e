#!/usr/bin/env bash
# Serves the embeddings example: builds the network from its weights, starts the server, searches the documentation with
# it, and keeps serving.
#
#   examples/embeddings/run.sh [question...]          ends with Ctrl-C
#   ONCE=1 examples/embeddings/run.sh [question...]   ends after the search
#
# PYTHON has the packages of requirements/example.txt, MINILM the weights; `scripts/setup embeddings` brings both.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$(realpath -s "${PYTHON:-.deps/example/bin/python}")
work=build/embeddings
echo "writing the network as ONNX ..."
$python examples/embeddings/build.py "${MINILM:-.deps/minilm}" "$work/models"
http=${NESO_HTTP_PORT:-8000}
"${NESO_TREE:-out}"/bin/neso --model-repository="$work/models" --backend-config=python,python-interpreter="$python" \
  --http-port="$http" --metrics-port="${NESO_METRICS_PORT:-8002}" --grpc-port="${NESO_GRPC_PORT:-8001}" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null' EXIT
for _ in $(seq 1200); do
  curl -sf "localhost:$http/v2/health/ready" && break
  kill -0 "$server" 2>/dev/null || { echo "the server did not start; its log is above" >&2; exit 1; }
  sleep 0.05
done
if [ -n "${ONCE:-}" ]; then
  status=0
  result=$($python examples/embeddings/search.py "localhost:$http" "$@") || status=$?
  trap - EXIT
  kill "$server" && wait "$server" || true
  echo "$result"  # after the server's last log lines
  exit "$status"
fi
$python examples/embeddings/search.py "localhost:$http" "$@"
cat <<TEXT

The server goes on (Ctrl-C ends it). Try:
  $python examples/embeddings/search.py localhost:$http "How much memory may a client use?"
  curl localhost:$http/v2/models/embeddings/infer -d '{"inputs":[{"name":"text","datatype":"BYTES","shape":[1,1],"data":["any text"]}]}'
TEXT
wait "$server"
