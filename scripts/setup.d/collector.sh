# The OTLP receiver of the OpenTelemetry collector, as a program that the tests of traces send to.
# inputs: scripts/setup.d/go.sh tests/tracing/collector/main.go tests/tracing/collector/go.mod tests/tracing/collector/go.sum
. scripts/setup.d/go.sh

Make_collector() {
  local result=$1 build=$2
  FetchGo "$build"
  mkdir "$result/bin" "$build/module"
  cp tests/tracing/collector/{main.go,go.mod,go.sum} "$build/module/"
  Quietly BuildCollector "$build" "$result/bin/otlp_collector"
}

BuildCollector() {
  cd "$1/module"
  Go "$1" build -ldflags="-s -w" -o "$2" .
}
