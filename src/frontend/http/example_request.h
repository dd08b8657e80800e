// A right request for a model, as a line for the shell.
//
//   ExampleRequest(model, "http://localhost:8000/v2/models/digits/infer", ExampleKind::kInfer)
//   // curl http://localhost:8000/v2/models/digits/infer -d '{"inputs":[{"name":"pixels",...,"data":[0.0,...]}]}'
#pragma once

#include <string>
#include <string_view>

#include "core/model.h"

namespace neso {

enum class ExampleKind { kInfer, kGenerate };

// One batch element, sizes that are free taken as 1, all values zero (strings: "text"), optional inputs left out.
// Tensors that are too long to be typed, and types that JSON does not carry, are sent as bytes. Empty where no line
// would be right: tensors that nobody sends from a shell, and such bytes for generate, which takes JSON only.
std::string ExampleRequest(const Model& model, std::string_view url, ExampleKind kind);

// The shape that clients give the tensor, with the batch dimension: [-1,64].
Shape WireShape(const Model& model, const TensorSpec& tensor);

// `text` as one word of a shell.
std::string ShellQuoted(std::string_view text);

}  // namespace neso
