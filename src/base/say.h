// What commands print on stdout, at once.
#pragma once

#include <string>

namespace neso {

// For people. What servers and files tell may be in it: what a terminal would obey is left out.
void Say(const std::string& text);

// A line of JSON for programs. Names of files, and what servers tell, may be no UTF-8, which JSON has to be: such bytes
// become the characters of their numbers.
void SayJson(const std::string& json);

}  // namespace neso
