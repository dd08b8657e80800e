#include "model_file.h"

#include <filesystem>
#include <fstream>
#include <openvino/runtime/properties.hpp>

#include "core.h"
#include "ir_text.h"
#include "neso/backend/read_file.h"
#include "openvino_call.h"

namespace neso::openvino {
namespace {

using backend::Result;
using backend::Status;
using Network = std::shared_ptr<ov::Model>;

Status CannotRead(const std::string& path) {
  return Status::Unavailable("unable to read '", path, "': it was cut off or failed while it was read");
}

bool IsFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

// An IR without constants has no weights.
Result<ov::Tensor> ReadWeights(const std::string& path) {
  if (!IsFile(path)) return ov::Tensor(ov::element::u8, ov::Shape{0});
  ov::Tensor weights(ov::element::u8, ov::Shape{std::filesystem::file_size(path)});
  std::ifstream file(path, std::ios::binary);
  if (!file.read(static_cast<char*>(weights.data()), static_cast<std::streamsize>(weights.get_byte_size()))) {
    return CannotRead(path);
  }
  return weights;
}

// Errors by value here; exceptions are the caller's to catch.
Status ReadIr(const std::string& path, const std::string& model, Network& network) {
  NESO_ASSIGN_OR_RETURN(const std::string text, backend::ReadWholeFile(path));
  const Status checked = CheckIrText(text);
  if (!checked.ok()) {
    return Status::InvalidArg("unable to read model '", model, "': '", path, "': ", checked.message());
  }
  const std::string weights_path = std::filesystem::path(path).replace_extension(".bin").string();
  NESO_ASSIGN_OR_RETURN(const ov::Tensor weights, ReadWeights(weights_path));
  if (weights.get_size() == 0 && text.find("type=\"Const\"") != std::string::npos) {
    return Status::Unavailable("unable to find '", weights_path, "' for model '", model,
                               "': the weights of its network, or it is empty");
  }
  network = Core().read_model(text, weights);
  return {};
}

}  // namespace

Result<Network> ReadModelFile(const std::string& path, const std::string& model) {
  const bool is_ir = std::filesystem::path(path).extension() == ".xml";
  std::error_code error;
  const bool is_there = IsFile(path) || (!is_ir && std::filesystem::is_directory(path, error));
  if (!is_there) return Status::Unavailable("unable to find '", path, "' for model '", model, "'");
  Network network;
  Status failure;
  NESO_RETURN_IF_ERROR(TryOpenVino("unable to read model '" + model + "': ", [&] {
    if (is_ir) {
      failure = ReadIr(path, model, network);
    } else {
      network = Core().read_model(path, std::string(), ov::AnyMap{ov::enable_mmap(false)});
    }
  }));
  if (!failure.ok()) return failure;
  return network;
}

}  // namespace neso::openvino
