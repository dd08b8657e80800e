# treelite for the backend "fil", and the libraries that the tests of it make models with: 10 MB are downloaded. The other
# XGBoost is the last that writes the binary format.
# inputs: requirements/fil.txt
Make_fil() {
  local result=$1 build=$2 python=$1/python
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --target "$python" \
    -r requirements/fil.txt
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --target "$result/old_xgboost" \
    xgboost-cpu==3.0.5
  cp /usr/share/common-licenses/Apache-2.0 "$result/LICENSE"  # treelite's; the wheel has no copy
}
