// Which of the formats that are protocol buffers a file has. They have no head that would tell: it is the numbers and types of
// their first fields that differ.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "serve/model_format.h"

namespace neso {

// `beyond`: how many bytes of the file follow `head`. Error: kInvalidArg, what was expected.
// Source: the messages ModelProto (ONNX), SavedModel and GraphDef (TensorFlow), and what DALI 2.4 writes.
Expected<ModelFormat> RecognizeProtobuf(std::string_view head, uint64_t beyond);

}  // namespace neso
