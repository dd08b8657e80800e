# moto, which speaks as S3 does, in a Python environment of its own: it wants other releases than our tests do.
# inputs: scripts/setup.d/python.sh requirements/moto.txt
. scripts/setup.d/python.sh

Make_moto() { MakeEnvironment "$1" requirements/moto.txt; }
Placed_moto() { MoveEnvironment "$@"; }
