// `neso keygen`, `neso sign`, `neso verify`: signatures of model folders. The repository agent `signature` has the
// commands, and the cryptography with them; its library is opened for them alone.
#pragma once

#include <string>
#include <vector>

namespace neso {

// Runs the one that is named second in `arguments`, those of the process, prints what came of it, and returns the exit
// status.
int RunSignatureCommand(const std::vector<std::string>& arguments);

}  // namespace neso
