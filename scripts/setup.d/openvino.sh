# OpenVINO for the backend of that name: 60 MB are downloaded, 150 MB unpacked. The plug-ins for Intel's GPUs and NPUs, a third
# of it, stay away, and so does what replaces the process's malloc.
# inputs: requirements/openvino.txt
Make_openvino() {
  local result=$1 build=$2 python=$1/python
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --target "$python" \
    -r requirements/openvino.txt
  rm -rf "$python"/bin "$python"/openvino/libs/{cache.json,libopenvino_intel_gpu_plugin.so,libopenvino_intel_npu_plugin.so} \
    "$python"/openvino/libs/libtbbmalloc*
  cp "$python"/openvino-*.dist-info/licenses/LICENSE "$result/LICENSE"
  cat "$python"/openvino-*.dist-info/licenses/licensing/*.txt >"$result/third-party-programs.txt"
}
