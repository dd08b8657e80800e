# Python environments from lists of pinned packages, which are complete: nothing else is installed.

# MakeEnvironment <folder> <requirements>
MakeEnvironment() {
  Quietly "$system_python" -m venv "$1"
  Quietly "$1/bin/pip" install --disable-pip-version-check --no-deps -r "$2"
}

# MoveEnvironment <folder> <place>: an environment names its own place in its scripts; the link lives elsewhere.
MoveEnvironment() {
  local folder=$1 place=$2 made
  made=$(sed -n '1s|^#!\(.*\)/bin/python3*$|\1|p' "$folder/bin/pip")
  # sed -i writes new files, so the cache keeps its own.
  grep -rlIF "$made" "$folder/bin" "$folder/pyvenv.cfg" | xargs sed -i "s|$made|$place|g"
}
