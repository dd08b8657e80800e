// The last line of a start that failed: which models, and why.
#pragma once

#include <map>
#include <string>

namespace neso {

// "2 models could not be loaded: 'a' (version 1 is at UNAVAILABLE state: ...), 'b' (...)", on one line. Of many the
// first ones are named. Precondition: there is one.
std::string NamesAndReasons(const std::map<std::string, std::string>& failures);

}  // namespace neso
