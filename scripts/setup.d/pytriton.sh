# A real Triton Inference Server (2.51) to compare with, as NVIDIA packs it for Python (scripts/triton starts it), and what
# that package, PyTriton, asks for, so that it can be run, too.
# inputs: requirements/pytriton.txt
pytriton_version=0.7.0

Make_pytriton() {
  local result=$1 build=$2 libraries python wheel
  wheel=$(FetchWheel "nvidia-pytriton==$pytriton_version" "$build")
  Quietly unzip -q "$wheel" -d "$result"
  libraries=$result/nvidia_pytriton.libs
  chmod -R go-w "$result"
  # The wheel renames the library; plug-ins ask for it by its real name.
  ln -s "$(cd "$libraries" && echo libtritonserver-*.so)" "$libraries/libtritonserver.so"
  # Its Python backend starts the stub beside it: the one for the system's Python, which takes the environment of the
  # first python3 on the path.
  python=$("$system_python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  ln -s "../../python_backend_stubs/$python/triton_python_backend_stub" "$result/pytriton/tritonserver/backends/python/"
  Quietly "$system_python" -m venv --without-pip "$result/python"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --only-binary :all: \
    --target "$result/python/lib/python$python/site-packages" -r requirements/pytriton.txt
  Quietly "$system_python" -m compileall -q "$result/pytriton"
}
