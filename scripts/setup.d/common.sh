# Shared by the steps of scripts/setup; each step is one file beside this one.
#
# A step is scripts/setup.d/<name>.sh with a function Make_<name> that fills the folder it is given. Provide <name> runs
# it once a machine (the result stays in the cache, named after the step's text) and links it into .deps/<name>, where
# Placed_<name>, if there is one, puts it right.

cache=${XDG_CACHE_HOME:-~/.cache}/neso  # ~ is known without HOME, too
root=$PWD
deps=$root/.deps
architecture=$(dpkg --print-architecture)
distribution=$(. /etc/os-release && echo "$ID")
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
system_python=/usr/bin/python3  # not a version manager's: real Triton's Python stub wants the system's

doing=setup started=$SECONDS  # see Doing
export PIP_PROGRESS_BAR=off   # the line before it names what is downloaded, and how large it is

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

# Runs a command, showing what it printed only if it failed. While one goes on for long, Watch tells how far it is.
Quietly() {
  local log status=0 watched watch
  log=$(mktemp)
  exec {watched}> >(Watch "$log")
  watch=$!
  ("$@") >"$log" 2>&1 {watched}>&- || status=$?
  exec {watched}>&-
  wait "$watch" || true
  [ "$status" -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  [ "$status" -eq 0 ] || fail "failed: $*"
}

# Watch <log>: tells how far the log has come until its input, which nobody writes to, ends: in place on a terminal, in a
# line each ten seconds elsewhere.
Watch() {
  local log=$1 told=$SECONDS pause=10 before='' after='\n'
  if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then pause=1 before='\r\033[K' after=''; fi
  while read -r -t 1; [ $? -gt 128 ]; do  # more than 128: nothing came
    [ $((SECONDS - told)) -ge "$pause" ] || continue
    told=$SECONDS
    printf "$before%s$after" "setup: $doing: $((SECONDS - started)) s, $(Progress "$log")" >&2
  done
  [ -n "$after" ] || printf '%b' "$before" >&2
}

# Progress <log>: the percentage that a build's last line tells, or else that line.
Progress() {
  local line
  line=$(tail -c 4000 "$1" | tr '\r' '\n' | grep -a '[^[:space:]]' | tail -1 | cut -c1-80) || line='starting'
  if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
    echo "$((100 * BASH_REMATCH[1] / BASH_REMATCH[2])) %"
  else
    echo "$line"
  fi
}

# Doing <what>: names, for what Quietly tells, what is done from now on.
Doing() {
  doing=$1 started=$SECONDS
}

# The result of a step depends on its text, the files it names as "# inputs: <file>...", and the system it was made on.
KeyOf() {
  local file=scripts/setup.d/$1.sh inputs
  inputs=$(sed -n 's/^# inputs: //p' "$file")
  # shellcheck disable=SC2086 # a list of names
  echo "$1-$codename-$architecture-$(cat "$file" $inputs | sha256sum | cut -c1-12)"
}

Provide() {
  local name=$1 key
  key=$(KeyOf "$name")
  [ "$(cat "$deps/$name/.key" 2>/dev/null)" != "$key" ] || return 0
  mkdir -p "$cache/locks" "$deps"
  if [ ! -d "$cache/$key" ]; then
    (
      flock 9  # two clones may be set up at once
      [ ! -d "$cache/$key" ] || exit 0
      Doing "$name"
      say "$name: making it, once on this machine"
      . "scripts/setup.d/$name.sh"
      work=$(mktemp -d "$cache/work.XXXXXX")
      trap 'rm -rf "$work"' EXIT
      mkdir "$work/result" "$work/build"
      "Make_$name" "$work/result" "$work/build"
      echo "$key" >"$work/result/.key"
      mv -T "$work/result" "$cache/$key"
      say "$name: made in $((SECONDS - started)) s"
    ) 9>"$cache/locks/$name"
  fi
  local fresh=$deps/.$name.$$
  # Hard links cost nothing; a cache on another file system is copied.
  cp -al "$cache/$key" "$fresh" 2>/dev/null || { rm -rf "$fresh"; cp -a "$cache/$key" "$fresh"; }
  (
    . "scripts/setup.d/$name.sh"
    ! declare -F "Placed_$name" >/dev/null || "Placed_$name" "$fresh" "$deps/$name"
  )
  rm -rf "${deps:?}/$name"
  mv -T "$fresh" "$deps/$name"
}

# Apt <folder> <suite> <type> apt-get arguments...: apt-get on a private copy of this machine's own package sources,
# turned into <type> (deb or deb-src) of <suite>. Lists and downloads live in <folder>; nothing on the system changes,
# and no rights are needed.
Apt() {
  local folder=$1 suite=$2 type=$3
  shift 3
  mkdir -p "$folder"/{lists/partial,archives/partial,sources.list.d}
  "$system_python" "$root/scripts/setup.d/private_sources.py" "$codename" "$suite" "$type" >"$folder/sources.list.d/neso.sources"
  # The hooks that images install clean the system's own caches.
  cat >"$folder/apt.conf" <<-CONFIG
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear Acquire::IndexTargets;
	Acquire::IndexTargets::deb::Packages { MetaKey "\$(COMPONENT)/binary-\$(ARCHITECTURE)/Packages"; flatMetaKey "Packages"; };
	Acquire::IndexTargets::deb-src::Sources { MetaKey "\$(COMPONENT)/source/Sources"; flatMetaKey "Sources"; };
	CONFIG
  apt-get -q -c "$folder/apt.conf" \
    -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$folder/sources.list.d" \
    -o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder" -o Dir::Cache::archives="$folder/archives" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root -o Acquire::Languages=none \
    -o Acquire::Retries=3 "$@"
}

# FetchSource <package> <folder>: the distribution's source package, unpacked into <folder>/source.
FetchSource() {
  local package=$1 folder=$2
  Quietly Apt "$folder/apt" "$codename" deb-src update
  Quietly In "$folder" Apt "$folder/apt" "$codename" deb-src --download-only source "$package"
  Quietly dpkg-source --no-check -x "$folder"/*.dsc "$folder/source"
}

# In <folder> <command>...: runs the command there.
In() {
  cd "$1" || return
  shift
  "$@"
}

# CMakeInstall <source> <build> <prefix> <options>...: a static library whose symbols no shared object of ours exports.
CMakeInstall() {
  local source=$1 build=$2 prefix=$3
  shift 3
  Quietly cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON \
    -DCMAKE_CXX_FLAGS="-O2 -ffunction-sections -fdata-sections" "$@"
  Quietly cmake --build "$build"
  Quietly cmake --install "$build"
}

# FetchPackage <package> <suite> <folder>: a binary package of this distribution's <suite>, unpacked into
# <folder>/<package>; nothing is installed.
FetchPackage() {
  local package=$1 suite=$2 folder=$3
  Quietly Apt "$folder/apt-$suite" "$suite" deb update
  Quietly In "$folder" Apt "$folder/apt-$suite" "$suite" deb download "$package"
  mkdir -p "$folder/$package"
  dpkg -x "$folder/$package"_*.deb "$folder/$package"
}

# FetchWheel <requirement> <build folder>: downloads the wheel of "<name>==<version>" alone; its path. What pip comes with
# stays in <build folder>/venv.
FetchWheel() {
  local requirement=$1 build=$2 name
  name=${requirement%%==*}
  [ -x "$build/venv/bin/pip" ] || Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" download --no-deps --only-binary :all: -d "$build" "$requirement"
  echo "$build/${name//-/_}"-*.whl
}
