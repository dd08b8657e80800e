#include "server/signature_command.h"

#include <cstdio>

#include "base/shared_library.h"
#include "engine/server_options.h"
#include "neso/agent/signature_command.h"
#include "server/installation.h"

namespace neso {
namespace {

using Command = decltype(NESOSIGNATURE_Command);

Expected<Command*> FindCommand() {
  const std::string agents = FolderBeside(ProgramPath(), "repoagents", ServerOptions().repoagent_directory);
  ASSIGN_OR_RETURN(const SharedLibrary library,
                   SharedLibrary::Open(agents + "/signature/libtritonrepoagent_signature.so"));
  RETURN_IF_ERROR(library.Require("NESOSIGNATURE_Command"));
  return library.Find<Command>("NESOSIGNATURE_Command");
}

}  // namespace

int RunSignatureCommand(const std::vector<std::string>& arguments) {
  const Expected<Command*> command = FindCommand();
  if (!command) {
    std::fprintf(stderr, "error: %s\n", command.error().message().c_str());
    return 1;
  }
  std::vector<const char*> words;
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  return (*command)(static_cast<int>(words.size()) - 1, words.data() + 1);
}

}  // namespace neso
