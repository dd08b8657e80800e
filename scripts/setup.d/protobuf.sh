# Protobuf's runtime, static, position-independent and hidden, and protoc, from the distribution's source package. The
# packaged libprotobuf.a is not position-independent, and the shared one would stand before the copies that machine
# learning frameworks bring along.
Make_protobuf() {
  local result=$1 build=$2
  FetchSource protobuf "$build"
  CMakeInstall "$build/source" "$build/cmake" "$result" \
    -Dprotobuf_BUILD_TESTS=OFF -Dprotobuf_BUILD_LIBPROTOBUF=ON -DCMAKE_DISABLE_FIND_PACKAGE_absl=ON
  cp "$build/source/LICENSE" "$result/"
  dpkg-parsechangelog -l "$build/source/debian/changelog" -S Version >"$result/version"  # for scripts/sbom
  rm -rf "$result"/lib/{cmake,pkgconfig,libprotoc.a,libprotobuf-lite.a}
}
