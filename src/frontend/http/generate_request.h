// The body of POST .../generate and .../generate_stream turned into an InferenceRequest: a JSON object whose members
// are the model's inputs and, under all other names, parameters.
//
//   {"text_input": "What is Neso?", "max_tokens": 32, "parameters": {"temperature": 0.5}}
//
// Source: the generate extension of the protocol.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "core/model.h"
#include "core/request.h"

namespace neso {

// The shape of `element_count` elements of an input that came without one: dimensions of fixed size stay, the innermost
// free one takes what is left and the others, that of the batch among them, are 1.
// Error: kInvalidArg when the elements do not fill the fixed dimensions.
Expected<Shape> DeduceShape(const TensorSpec& input, bool batched, int64_t element_count);

// Fills `request` (fresh, of `model`); tensors live in `storage`. Errors have the contract's texts; JSON errors are
// kInternal.
Status FillGenerateRequest(const Model& model, std::string_view body, size_t max_input_bytes, InferenceRequest& request,
                           std::vector<BufferRef>& storage);

}  // namespace neso
