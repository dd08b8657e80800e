# Helm, which renders the chart of deploy/helm/ in its tests.
# inputs: scripts/setup.d/go.sh requirements/helm/go.mod requirements/helm/go.sum
. scripts/setup.d/go.sh

Make_helm() {
  local result=$1 build=$2
  FetchGo "$build"
  mkdir "$result/bin" "$build/module"
  cp requirements/helm/go.{mod,sum} "$build/module/"
  Quietly GoBuild "$build" helm.sh/helm/v3/cmd/helm "$result/bin/helm"
}
