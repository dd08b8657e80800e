// What a file of a model is, by what stands in it: names lie, and a download that failed has a good one.
//
//   ASSIGN_OR_RETURN(const FileEnds ends, ReadEnds("digits.onnx"));
//   ASSIGN_OR_RETURN(const ModelFormat format, RecognizeContent("digits.onnx", ends));
//   FactsOf(format).backend;                                      // "onnxruntime"
//
// Looks at the beginning and the end of a file, not at all of it: whether its weights are whole its backend finds out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

enum class ModelFormat : uint8_t {
  kOnnx,
  kTorchScript,
  kAotInductor,
  kOpenVino,
  kTfLite,
  kSavedModel,
  kGraphDef,
  kTensorRt,
  kXgboostJson,
  kXgboostUbj,
  kLightGbm,
  kTreelite,
  kDali,
  kPython,
};

struct FormatFacts {
  ModelFormat format;
  std::string_view title;    // for people: "an ONNX model"
  std::string_view backend;  // that serves it
  std::string_view file;     // what it is called in a version folder
  // What a configuration has to say before tensors; empty: the file's name alone tells the server.
  std::string_view config;
  bool tells_tensors;  // whether names, types and shapes stand in the file, where its backend finds them
};
const FormatFacts& FactsOf(ModelFormat format);

struct FileEnds {
  std::string head;
  std::string tail;  // the same bytes where the file is short
  uint64_t size = 0;
};
inline constexpr size_t kEndBytes = 1 << 20;  // of each, at most

// Errors: kInvalidArg when there is no regular file, or it cannot be read.
Expected<FileEnds> ReadEnds(const std::string& path);

// `name`: the file's, for what has no head that would tell it. Error: kInvalidArg, what it is instead, what was expected, and
// what may be done about it: "is a pickle, ...".
Expected<ModelFormat> RecognizeContent(std::string_view name, const FileEnds& ends);

}  // namespace neso
