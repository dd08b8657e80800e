# A Python environment with what the examples build and ask with; a small part of the tests' own.
# inputs: scripts/setup.d/python.sh requirements/example.txt
. scripts/setup.d/python.sh

Make_example() { MakeEnvironment "$1" requirements/example.txt; }
Placed_example() { MoveEnvironment "$@"; }
