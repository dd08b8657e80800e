# A Python environment with the stock clients and test tools, everything pinned.
# inputs: scripts/setup.d/python.sh requirements/example.txt requirements/test.txt
. scripts/setup.d/python.sh

Make_venv() { MakeEnvironment "$1" requirements/test.txt; }
Placed_venv() { MoveEnvironment "$@"; }
