#!/usr/bin/env bash
# Serves the digits example: trains, starts the server, prints the accuracy it reaches, and keeps serving.
#
#   examples/digits/run.sh          ends with Ctrl-C
#   ONCE=1 examples/digits/run.sh   ends after the accuracy
#
# PYTHON has the packages of requirements/example.txt; `scripts/setup run` makes one.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-.deps/example/bin/python}
work=build/digits
mkdir -p "$work"
if [ ! -f "$work/held_out.npz" ]; then
  echo "training on scikit-learn's handwritten digits ..."
  $python examples/digits/train.py "$work/models"
fi
http=${NESO_HTTP_PORT:-8000}
metrics=${NESO_METRICS_PORT:-8002}
"${NESO_TREE:-out}"/bin/neso --model-repository="$work/models" --http-port="$http" --metrics-port="$metrics" \
  --grpc-port="${NESO_GRPC_PORT:-8001}" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null' EXIT
for _ in $(seq 200); do
  curl -sf "localhost:$http/v2/health/ready" && break
  kill -0 "$server" 2>/dev/null || { echo "the server did not start; its log is above" >&2; exit 1; }
  sleep 0.05
done
if [ -n "${ONCE:-}" ]; then
  status=0
  result=$($python examples/digits/classify.py "$work/held_out.npz" "localhost:$http") || status=$?
  trap - EXIT
  kill "$server" && wait "$server" || true
  echo "$result"  # after the server's last log lines: the accuracy is what stays on the screen
  exit "$status"
fi
$python examples/digits/classify.py "$work/held_out.npz" "localhost:$http"
cat <<TEXT

The server goes on (Ctrl-C ends it). Try:
  curl localhost:$http/v2/models/digits
  curl localhost:$http/v2/models/digits/infer -d '{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,64],"data":[$(seq -s, 0 63)]}]}'
  curl localhost:$metrics/metrics
  $python examples/digits/classify.py $work/held_out.npz localhost:$http
TEXT
wait "$server"
