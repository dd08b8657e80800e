# What makes wheels and the bill of materials: 15 MB of Python packages.
# inputs: scripts/setup.d/python.sh requirements/packaging.txt
. scripts/setup.d/python.sh

Make_packaging() { MakeEnvironment "$1" requirements/packaging.txt; }
Placed_packaging() { MoveEnvironment "$@"; }
