# Prometheus and promtool, for the tests of metrics: the distribution's package, unpacked. Installing it would start a
# service.
Make_prometheus() {
  local result=$1 build=$2
  FetchPackage prometheus "$codename" "$build"
  mkdir "$result/bin"
  cp "$build"/prometheus/usr/bin/{prometheus,promtool} "$result/bin/"
}
