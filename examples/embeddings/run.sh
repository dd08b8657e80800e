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
. examples/serve.sh
serve 60 --model-repository="$work/models" --backend-config=python,python-interpreter="$python"
show $python examples/embeddings/search.py "localhost:$http" "$@"
cat <<TEXT

The server goes on (Ctrl-C ends it). Try:
  $python examples/embeddings/search.py localhost:$http "How much memory may a client use?"
  curl localhost:$http/v2/models/embeddings/infer -d '{"inputs":[{"name":"text","datatype":"BYTES","shape":[1,1],"data":["any text"]}]}'
TEXT
wait "$server"
