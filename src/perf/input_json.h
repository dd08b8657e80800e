// Reads the input data of perf_analyzer from JSON: docs/perf.md, "Input data".
//
//   {"data": [{"pixels": [1, 2]}, {"pixels": {"b64": "AAAA"}}], "validation_data": [{"class": [0]}, {"class": [3]}]}
#pragma once

#include <string_view>
#include <vector>

#include "perf/model_facts.h"
#include "perf/tensor.h"

namespace neso::perf {

using Stream = std::vector<TensorSet>;  // steps; shapes without the batch

// Appends the streams of `text`. `has_times`: each step has a "timestamp", in milliseconds after the beginning, none
// before the one before it, or before the last of `streams`. Error: kInvalidArg that says where what was expected.
Status ReadInputJson(std::string_view text, const ModelFacts& facts, std::vector<Stream>& streams,
                     bool has_times = false);

}  // namespace neso::perf
