// `neso tune`: tries ways to serve a model under load, and writes the best as a configuration.
//
// Source: what Model Analyzer varies (instances, batch sizes, queue delays) and holds (a latency budget).
#pragma once

#include <string>
#include <vector>

namespace neso::perf {

// `arguments`: those of the process, "tune" second. Returns the exit code.
int RunTune(const std::vector<std::string>& arguments);

}  // namespace neso::perf
