// What concerns DALI's library as a whole: plug-ins with operators, and memory that it keeps.
#pragma once

#include <string>
#include <vector>

#include "errors.h"

namespace neso::dali {

// Opens libraries of operators, for all pipelines that are made from now on. They stay until the process ends.
Status LoadOperators(const std::vector<std::string>& libraries);

// Gives back what DALI has in its pools for later pipelines.
void ReleaseUnusedMemory();

}  // namespace neso::dali
