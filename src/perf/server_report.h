// What a server says of the time that its answers took: text for people, and the columns of the CSV files.
#pragma once

#include <string>

#include "perf/server_counts.h"

namespace neso::perf {

// "Server: " and what follows, with a block for each composing model.
std::string ServerText(const ServerCounts& counts, const ModelFacts& facts);

// Those of "Server Queue" to "Server Compute Output", and of the cache if the model has one, with a comma before each.
std::string ServerColumns(bool has_cache);
std::string ServerCells(const ServerCounts& counts, bool has_cache);

// A request's time in microseconds, on average: all of it at the server, and what the columns have of it.
double ServerTotal(const ServerCounts& counts);
double ServerCounted(const ServerCounts& counts);

}  // namespace neso::perf
