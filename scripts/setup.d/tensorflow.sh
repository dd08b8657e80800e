# TensorFlow for the backend of that name: 275 MB are downloaded, 0.9 GB unpacked. The backend opens the library with the C
# interface and the framework it is linked with; the Python module, with which tests make models, uses the same two.
# inputs: requirements/tensorflow.txt
Make_tensorflow() {
  local result=$1 build=$2 python=$1/python
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --target "$python" \
    -r requirements/tensorflow.txt
  # Of 13,000 headers the C interface needs a dozen.
  mkdir "$result/include"
  (cd "$python/tensorflow/include" && cp --parents tensorflow/c/*.h xla/tsl/c/*.h tensorflow/core/platform/ctstring*.h \
    tsl/platform/ctstring*.h "$result/include")
  rm -rf "$python/tensorflow/include" "$python/bin"
  # A quarter of a gigabyte of names for debuggers.
  Quietly strip --strip-all "$python"/tensorflow/libtensorflow_{cc,framework}.so.2
}
