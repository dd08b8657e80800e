# A Python environment with the stock clients and test tools, everything pinned.
# inputs: requirements/test.txt
Make_venv() {
  local result=$1
  Quietly "$system_python" -m venv "$result"
  Quietly "$result/bin/pip" install --disable-pip-version-check -r requirements/test.txt
}

# An environment names its own place in its scripts; the link lives elsewhere.
Placed_venv() {
  local folder=$1 place=$2 made
  made=$(sed -n '1s|^#!\(.*\)/bin/python3*$|\1|p' "$folder/bin/pip")
  # sed -i writes new files, so the cache keeps its own.
  grep -rlIF "$made" "$folder/bin" "$folder/pyvenv.cfg" | xargs sed -i "s|$made|$place|g"
}
