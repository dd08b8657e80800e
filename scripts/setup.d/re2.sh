# RE2, static, position-independent and hidden, from the distribution's source package; why is as for protobuf.
Make_re2() {
  local result=$1 build=$2
  FetchSource re2 "$build"
  CMakeInstall "$build/source" "$build/cmake" "$result" -DRE2_BUILD_TESTING=OFF
  rm -rf "$result"/lib/{cmake,pkgconfig}
}
