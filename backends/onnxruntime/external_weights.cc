#include "external_weights.h"

#include <algorithm>
#include <filesystem>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace neso::onnxruntime {
namespace {

// Names are the model's, and models come from anywhere.
bool StaysInside(const std::filesystem::path& location) {
  return !location.empty() && location.is_relative() && std::ranges::find(location, "..") == location.end();
}

}  // namespace

Result<ExternalWeights> ExternalWeights::Read(const std::string& model_path) {
  ExternalWeights weights(model_path);
  NESO_ASSIGN_OR_RETURN(OnnxFile model, OnnxFile::Open(model_path));
  bool all_are_initializers = true;
  for (const ExternalTensor& tensor : model.FindExternalTensors()) {
    NESO_RETURN_IF_ERROR(weights.BytesOf(tensor).TakeStatus());
    all_are_initializers = all_are_initializers && tensor.is_initializer;
  }
  if (all_are_initializers) return weights;
  // The runtime takes initializers of the main graph from memory, but maps the files of all other tensors.
  const auto bytes = [&](const ExternalTensor& tensor) { return weights.BytesOf(tensor); };
  NESO_ASSIGN_OR_RETURN(weights.model_, model.WithTensorsInside(bytes));
  return weights;
}

Result<std::string_view> ExternalWeights::BytesOf(const ExternalTensor& tensor) {
  if (!StaysInside(tensor.location)) {
    return Status::InvalidArg("'", model_path_, "' has weights in '", tensor.location,
                              "': expected a file in the model's folder or below");
  }
  if (!files_.contains(tensor.location)) {
    const std::filesystem::path path = std::filesystem::path(model_path_).parent_path() / tensor.location;
    NESO_ASSIGN_OR_RETURN(files_[tensor.location], ReadFile(path.string()));
  }
  const File& file = files_[tensor.location];
  if (tensor.offset > file.size || tensor.length.value_or(0) > file.size - tensor.offset) {
    return Status::Unavailable("'", model_path_, "' has weights in '", tensor.location, "' beyond the ", file.size,
                               " bytes of that file");
  }
  return std::string_view(file.bytes.get() + tensor.offset, tensor.length.value_or(file.size - tensor.offset));
}

Result<ExternalWeights::File> ExternalWeights::ReadFile(const std::string& path) {
  NESO_ASSIGN_OR_RETURN(const FileReader reader, FileReader::Open(path));
  File file;
  file.size = reader.size();
  file.bytes.reset(new (std::nothrow) char[file.size]);
  if (file.bytes == nullptr) return Status::Unavailable("no memory for the ", file.size, " bytes of '", path, "'");
  if (!reader.Read(0, {file.bytes.get(), file.size})) {
    return Status::Unavailable("unable to read '", path, "': it was cut off or failed while it was read");
  }
  return file;
}

size_t ExternalWeights::byte_size() const {
  size_t total = 0;
  for (const auto& [name, file] : files_) total += file.size;
  return total;
}

void ExternalWeights::AddTo(Ort::SessionOptions& options) const {
  if (files_.empty()) return;
  std::vector<std::string> names;
  std::vector<char*> bytes;
  std::vector<size_t> sizes;
  for (const auto& [name, file] : files_) {
    names.push_back(name);
    bytes.push_back(file.bytes.get());
    sizes.push_back(file.size);
  }
  options.AddExternalInitializersFromFilesInMemory(names, bytes, sizes);
}

std::shared_ptr<Ort::Session> ExternalWeights::MakeSession(Ort::Env& environment,
                                                           const Ort::SessionOptions& options) const {
  if (model_.empty()) return std::make_shared<Ort::Session>(environment, model_path_.c_str(), options);
  return std::make_shared<Ort::Session>(environment, model_.data(), model_.size(), options);
}

}  // namespace neso::onnxruntime
