# Keras for the test of docs/guides/keras.md: 8 MB are downloaded.
# inputs: requirements/keras.txt
Make_keras() {
  local result=$1 build=$2
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --target "$result/python" \
    -r requirements/keras.txt
}
