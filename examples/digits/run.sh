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
. examples/serve.sh
serve 10 --model-repository="$work/models"
show $python examples/digits/classify.py "$work/held_out.npz" "localhost:$http"
cat <<TEXT

The server goes on (Ctrl-C ends it). Try:
  curl localhost:$http/v2/models/digits
  curl localhost:$http/v2/models/digits/infer -d '{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,64],"data":[$(seq -s, 0 63)]}]}'
  curl localhost:$metrics/metrics
  $python examples/digits/classify.py $work/held_out.npz localhost:$http
TEXT
wait "$server"
