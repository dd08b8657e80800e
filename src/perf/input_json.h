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

// What each step has beside its tensors. Where a step is a payload both may be there without being looked at.
struct StepNeeds {
  bool time = false;     // "timestamp": milliseconds after the beginning, none before the one before it
  bool session = false;  // "session_id", and if it likes "delay": milliseconds behind the answer before the next
};

// Appends the streams of `text`, whose times are none before the last of `streams`. Error: kInvalidArg that says where
// what was expected.
Status ReadInputJson(std::string_view text, const ModelFacts& facts, std::vector<Stream>& streams,
                     const StepNeeds& needs = {});

}  // namespace neso::perf
