// Parts of the server that lie in libraries of their own, beside this one, and are opened when they are asked for: what
// they bring along costs nobody else anything.
#pragma once

#include <string>

#include "base/status.h"

namespace neso {

// "<folder>/" of the file that this code was loaded from: lib/ of the tree, unless it is within a program.
std::string OwnFolder();

// An object `symbol` of "<folder of this library>/<file>", which stays open. By its full name, since one on
// LD_LIBRARY_PATH is not ours; local, since a plug-in may bring another version of what it needs.
// Errors: kUnavailable "<complaint>: <the loader's reason>".
Expected<const void*> FindInOwnLibrary(const std::string& file, const char* symbol, const std::string& complaint);

// The same, as what it is.
template <typename Entry>
Expected<const Entry*> OpenOwnLibrary(const std::string& file, const char* symbol, const std::string& complaint) {
  ASSIGN_OR_RETURN(const void* const entry, FindInOwnLibrary(file, symbol, complaint));
  return static_cast<const Entry*>(entry);
}

}  // namespace neso
