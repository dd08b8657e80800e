// Man pages, in the form of man(7): made of the table of commands and the table of the server's options.
#pragma once

#include <string>

#include "command/command.h"

namespace neso::command {

std::string MainPage(const ProgramParts& parts);                        // neso(1)
std::string PageOf(const Command& command, const ProgramParts& parts);  // neso-<name>(1)

// What roff would take for its own is shown as it is.
std::string RoffText(std::string_view text);

}  // namespace neso::command
