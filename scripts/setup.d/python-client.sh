# pandas, mypy and setuptools for the tests of the Python client and its wheels: 30 MB are downloaded.
# inputs: requirements/python-client.txt
Make_python-client() {
  local result=$1 build=$2
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --target "$result/python" \
    -r requirements/python-client.txt
}
