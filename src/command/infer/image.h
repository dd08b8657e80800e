// Pictures as inputs: JPEG and PNG, decoded, and as large as the model wants them.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "command/infer/model_facts.h"

namespace neso::command {

// What becomes of a colour's 0 to 255.
enum class ImageScaling { kNone, kUnit, kSymmetric, kImagenet };

bool IsImage(std::string_view bytes);

// Without a batch. Which dimensions are height, width and colours the model's configuration says, or that one of them is
// 1, 3 or 4. A size that is open is the picture's own; another is scaled to, whatever becomes of the proportions.
// Errors: kInvalidArg for what is no picture, or an input that takes none.
Expected<Tensor> ReadImage(std::string_view bytes, const TensorFacts& input, bool batches, ImageScaling scaling);

}  // namespace neso::command
