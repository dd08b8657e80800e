# ONNX Runtime: the library from its PyPI wheel, the C headers from a package of the distribution, this release's or a
# newer one's. The C API is versioned and the backend asks for its header's version, so the header may be the older one.
onnxruntime_version=1.32.0

Make_onnxruntime() {
  local result=$1 build=$2 suite suites wheel
  wheel=$(FetchWheel "onnxruntime==$onnxruntime_version" "$build")
  Quietly unzip -q "$wheel" 'onnxruntime/capi/libonnxruntime*' onnxruntime/LICENSE \
    onnxruntime/ThirdPartyNotices.txt -d "$build/wheel"
  mkdir -p "$result/lib" "$result/include"
  mv "$build"/wheel/onnxruntime/capi/libonnxruntime* "$result/lib/"
  mv "$build"/wheel/onnxruntime/{LICENSE,ThirdPartyNotices.txt} "$result/"
  # Plug-ins name the library by its soname, which has no minor version.
  ln -s "libonnxruntime.so.$onnxruntime_version" "$result/lib/libonnxruntime.so.1"
  ln -s libonnxruntime.so.1 "$result/lib/libonnxruntime.so"
  case $distribution in
    ubuntu) suites="$codename plucky questing resolute" ;;
    *) suites="$codename trixie sid" ;;
  esac
  for suite in $suites; do
    if (FetchPackage libonnxruntime-dev "$suite" "$build") 2>"$build/$suite.log"; then
      cp "$(dirname "$(find "$build/libonnxruntime-dev" -name onnxruntime_c_api.h)")"/*.h "$result/include/"
      return
    fi
  done
  cat "$build"/*.log >&2
  fail "no libonnxruntime-dev in any of: $suites"
}
