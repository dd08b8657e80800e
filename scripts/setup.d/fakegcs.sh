# fake-gcs-server, which speaks as Google's object store does, for the tests of object stores.
# inputs: scripts/setup.d/go.sh requirements/fakegcs/go.mod requirements/fakegcs/go.sum
. scripts/setup.d/go.sh

Make_fakegcs() {
  local result=$1 build=$2
  FetchGo "$build"
  mkdir "$result/bin" "$build/module"
  cp requirements/fakegcs/go.{mod,sum} "$build/module/"
  Quietly GoBuild "$build" github.com/fsouza/fake-gcs-server "$result/bin/fake-gcs-server"
}
