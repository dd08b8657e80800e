// The shape that an input has in a request, from what somebody gave and what the model says. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "command/infer/model_facts.h"

namespace neso::command {

// An array of shape `given`: that, or that with a batch of 1 in front where the model batches and it is missing.
// Error: kInvalidArg "expected shape [-1,3], got [2,4]".
Expected<Shape> FitShape(const Shape& wanted, bool batches, const Shape& given);

// `count` values without a shape. What is open becomes as large as they need: the batch if nothing else is, or else the
// one dimension that is. Error: kInvalidArg, how many there should be or that the shape has to be said.
Expected<Shape> SpreadShape(const Shape& wanted, bool batches, uint64_t count);

}  // namespace neso::command
