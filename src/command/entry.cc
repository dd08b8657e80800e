// The one name that this library shows.
#include "command/run_command.h"

extern "C" {
extern const neso::CommandEntry neso_command_entry __attribute__((visibility("default")));
const neso::CommandEntry neso_command_entry = neso::command::RunCommand;
}
