// What commands print.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace neso::command {

// To stdout. What servers and files tell may be in it: what a terminal would obey is left out.
void Say(const std::string& text);

// A line of JSON for programs. Names of files, and what servers tell, may be no UTF-8, which JSON has to be: such bytes
// become the characters of their numbers.
void SayJson(const std::string& json);

// Before text that is drawn in the place of the last. Where the terminal, which TERM names, cannot, that goes on below.
void ClearScreen();

// To stderr, in front of which "warning: " is put.
void Warn(const std::string& text);

// Whether all that was printed, by whomever, has left the process.
// Errors: kUnavailable with the system's reason; kCancelled when whoever read it has gone.
Status CheckOutput();

// Rows, the heading first, as wide as the terminal, or as it takes where there is none.
void SayTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace neso::command
