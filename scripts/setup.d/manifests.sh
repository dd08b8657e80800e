# The schemas of Kubernetes and what checks manifests against them, and hadolint for Dockerfiles: 35 MB are downloaded.
# inputs: scripts/setup.d/python.sh requirements/manifests.txt
. scripts/setup.d/python.sh

Make_manifests() { MakeEnvironment "$1" requirements/manifests.txt; }
Placed_manifests() { MoveEnvironment "$@"; }
