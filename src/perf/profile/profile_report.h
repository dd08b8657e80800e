// What `neso profile` shows. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "perf/profile/token_times.h"

namespace neso::perf {

// A row for each of what a request has, the heading first.
std::vector<std::vector<std::string>> TokenRows(const TokenTimes& times);

// Of all requests together: "Output tokens a second: 812.4\n...".
std::string TotalsText(const TokenTimes& times);

// An object with genai-perf's names and units.
std::string TokenJson(const TokenTimes& times);

}  // namespace neso::perf
