// What is sent to an endpoint that takes JSON: the bodies of the input data, of which nothing is asked beforehand.
//
//   {"data": [{"payload": [{"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": true}]}]}
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "perf/model_facts.h"
#include "perf/tensor.h"

namespace neso::perf {

// One input, "payload", and one output, "response", both of kJsonDatatype.
ModelFacts FactsOfPayloads(const Options& options);

bool TakesPayloads(const ModelFacts& facts);

// From the text of an array that has nothing but the body, which is an object. Error: kInvalidArg.
Expected<Tensor> ReadPayload(std::string_view array, const TensorFacts& facts);

// Whether the answer will be events, each with a part of it: the body has "stream": true.
bool AsksForEvents(const TensorSet& request);

// The JSON of each "data:" line of an event; what is none, as the [DONE] of a last event, is passed over.
void ForEachDataOf(std::string_view event, const std::function<void(const JsonValue& data)>& take);

// What an event of an answer says went wrong, after its status said that it had not: its JSON has an "error".
std::optional<std::string> ErrorOfEvent(std::string_view event);

}  // namespace neso::perf
