// Weights that an ONNX model keeps in files beside it, read into memory.
//
//   NESO_ASSIGN_OR_RETURN(const ExternalWeights weights, ExternalWeights::Read(path));
//   weights.AddTo(options);
//   Ort::Session session = weights.MakeSession(environment, options);  // copies them: `weights` may go now
//
// The runtime by itself maps such files. Somebody who writes over the files of a served model, as copying a new version
// over it does, would then change its answers, and end the server with SIGBUS. (The .onnx file itself it reads.)
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "neso/backend/status.h"
#include "onnx_file.h"
#include "ort.h"

namespace neso::onnxruntime {

class ExternalWeights {
 public:
  // Errors: UNAVAILABLE for a file that is missing or cut off, INVALID_ARG for one outside of the model's folder.
  static Result<ExternalWeights> Read(const std::string& model_path);

  size_t file_count() const { return files_.size(); }
  size_t byte_size() const;

  // `options` refer to the weights until a session is made of them.
  void AddTo(Ort::SessionOptions& options) const;
  std::shared_ptr<Ort::Session> MakeSession(Ort::Env& environment, const Ort::SessionOptions& options) const;

 private:
  struct File {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  explicit ExternalWeights(std::string model_path) : model_path_(std::move(model_path)) {}
  static Result<File> ReadFile(const std::string& path);
  // Reads the tensor's file if that is not done yet.
  Result<std::string_view> BytesOf(const ExternalTensor& tensor);

  std::string model_path_;
  std::map<std::string, File> files_;  // by the names that the model has for them
  // The model with the tensors inside that can be given to the runtime in no other way; empty: the file as it is.
  std::string model_;
};

}  // namespace neso::onnxruntime
