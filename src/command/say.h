// What commands print besides base/say.h.
#pragma once

#include <string>
#include <vector>

#include "base/say.h"
#include "base/status.h"

namespace neso::command {

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
