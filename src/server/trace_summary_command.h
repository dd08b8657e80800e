// `neso trace-summary [--tensors] FILE...`: what trace files say on the whole.
#pragma once

#include <string>
#include <vector>

namespace neso {

// `arguments`: those of the process, "trace-summary" second. Prints to stdout and returns 0, or to stderr what is wrong
// and returns 1.
int SummarizeTraces(const std::vector<std::string>& arguments);

}  // namespace neso
