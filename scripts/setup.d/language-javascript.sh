# The JavaScript client of docs/other-languages.md with the packages that it names.
# inputs: scripts/setup.d/node.sh examples/languages/javascript/package.json examples/languages/javascript/package-lock.json examples/languages/javascript/ask.js
. scripts/setup.d/node.sh

Make_language-javascript() {
  local result=$1 build=$2
  cp examples/languages/javascript/* "$result/"
  InstallForNode "$build" "$result"
  NodeProgram "$result" ask ask.js
}
