# Azurite, which speaks as Azure's object store does.
# inputs: scripts/setup.d/node.sh requirements/azurite/package.json requirements/azurite/package-lock.json
. scripts/setup.d/node.sh

Make_azurite() {
  local result=$1 build=$2
  cp requirements/azurite/package*.json "$result/"
  InstallForNode "$build" "$result"
  NodeProgram "$result" azurite-blob node_modules/azurite/dist/src/blob/main.js
}
