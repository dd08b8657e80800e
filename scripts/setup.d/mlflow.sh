# MLflow for the tests of its plugin.
# inputs: requirements/mlflow.txt
Make_mlflow() {
  local result=$1 build=$2
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --target "$result/python" -r requirements/mlflow.txt
}
