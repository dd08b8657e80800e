#include "model_file.h"

#include <filesystem>
#include <optional>
#include <vector>

#include "neso/backend/read_file.h"
#include "serialize.h"

namespace neso::dali {
namespace {

constexpr const char* kUsualFile = "model.dali";
constexpr const char* kPythonFile = "dali.py";
constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";

Status CheckIsThere(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) return {};
  return Status::NotFound("there is no such file");
}

Result<ModelFile> Check(std::string serialized) {
  NESO_ASSIGN_OR_RETURN(const PipelineNumbers numbers, ReadPipelineNumbers(serialized));
  return ModelFile{std::move(serialized), numbers};
}

Result<ModelFile> LoadSerialized(const std::string& path) {
  NESO_RETURN_IF_ERROR(CheckIsThere(path));
  NESO_ASSIGN_OR_RETURN(std::string content, backend::ReadWholeFile(path));
  return Check(std::move(content));
}

Result<ModelFile> LoadPython(const std::string& path, const ModelPlaces& places) {
  NESO_RETURN_IF_ERROR(CheckIsThere(path));
  NESO_ASSIGN_OR_RETURN(std::string serialized, RunForOutput({"python3", places.serializer, path}, places.limit));
  return Check(std::move(serialized));
}

}  // namespace

Status CheckFileName(const std::string& file) {
  if (file.find("..") != std::string::npos) {
    return BackendError("Invalid '..' sequence found in model path: '", file, "'");
  }
  if (const size_t at = file.find_first_not_of(kSafe); at != std::string::npos) {
    return BackendError("Invalid character '", file[at], "' found in model path: '", file,
                        "'; expected letters, digits, '_', '-', '.' and '/'");
  }
  return {};
}

Result<ModelFile> FindModel(const ModelPlaces& places) {
  NESO_RETURN_IF_ERROR(CheckFileName(places.file));
  const std::string file = places.folder + "/" + (places.file.empty() ? kUsualFile : places.file);
  const std::string python = places.folder + "/" + kPythonFile;
  std::string reasons;
  const auto note = [&reasons](const std::string& path, const Status& status) {
    reasons += backend::Concat("\n", path, ": ", status.message());
  };
  const bool is_python = file.ends_with(".py");
  Result<ModelFile> found = is_python ? LoadPython(file, places) : LoadSerialized(file);
  if (found) return found;
  note(file, found.status());
  if (file != python) {
    found = LoadPython(python, places);
    if (found) return found;
    note(python, found.status());
  }
  return BackendError("Failed to load model file. The program looked in the following locations: ", file, ", ", python,
                      ". Please make sure that the model exists in any of the locations and is properly serialized or "
                      "can be properly serialized.",
                      reasons);
}

}  // namespace neso::dali
