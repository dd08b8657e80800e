// `neso key create|list|revoke`: keeps the file of --access-keys. A server that runs takes the change at once.
//
//   neso key create --file=keys.json --name=team-a --models=digits*    prints the new key, once: only its hash is kept
//   neso key list --file=keys.json
//   neso key revoke --file=keys.json --name=team-a
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace neso {

// What the command line asks for: does it, and returns what stdout is to say. `arguments`: those of the process, "key"
// second. Errors: kInvalidArg for a command line that cannot be meant, and whatever is wrong with the file.
Expected<std::string> RunKeyCommand(const std::vector<std::string>& arguments);

}  // namespace neso
