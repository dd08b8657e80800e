# A real Triton Inference Server (2.51) to compare with, as NVIDIA packs it for Python; scripts/triton starts it.
pytriton_version=0.7.0
numpy_version=1.26.4

Make_pytriton() {
  local result=$1 build=$2 libraries python wheel
  wheel=$(FetchWheel "nvidia-pytriton==$pytriton_version" "$build")
  Quietly unzip -q "$wheel" -d "$result"
  libraries=$result/nvidia_pytriton.libs
  chmod -R go-w "$result"
  # The wheel renames the library; plug-ins ask for it by its real name.
  ln -s "$(cd "$libraries" && echo libtritonserver-*.so)" "$libraries/libtritonserver.so"
  # Its Python backend starts the stub beside it: the one for the system's Python, which takes the environment of the
  # first python3 on the path, and reads arrays of NumPy 1 only.
  python=$("$system_python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  ln -s "../../python_backend_stubs/$python/triton_python_backend_stub" "$result/pytriton/tritonserver/backends/python/"
  Quietly "$system_python" -m venv --without-pip "$result/python"
  Quietly "$build/venv/bin/pip" install --target "$result/python/lib/python$python/site-packages" \
    --only-binary :all: "numpy==$numpy_version"
}
