#include "config/model_files.h"

#include <string>

#include "base/text.h"

namespace neso {
namespace {

// How far below the model's folder that folder lies which a name starts from.
constexpr int kModelFolder = 0;
constexpr int kVersionFolder = 1;
constexpr int kDataFolder = 1;  // "warmup", "initial_state"

Status LiesOutside(const inference::ModelConfig& config, std::string_view member, const std::string& name) {
  return Unsupported("{} '{}' must stay inside the directory of model '{}'", member, name, config.name());
}

Status CheckInside(const inference::ModelConfig& config, std::string_view member, const std::string& name, int depth) {
  return StaysInside(name, depth) ? Status() : LiesOutside(config, member, name);
}

// Plug-ins join these to the version's folder each in its own way: for many a leading '/' starts anew.
Status CheckOfBackend(const inference::ModelConfig& config, std::string_view member, const std::string& name) {
  if (name.starts_with('/')) return LiesOutside(config, member, name);
  return CheckInside(config, member, name, kVersionFolder);
}

}  // namespace

bool StaysInside(std::string_view relative, int depth) {
  if (relative.find('\0') != std::string_view::npos) return false;  // C would read another name
  for (const std::string_view part : Split(relative, '/')) {
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}

Status ValidateModelFiles(const inference::ModelConfig& config) {
  RETURN_IF_ERROR(CheckOfBackend(config, "default_model_filename", config.default_model_filename()));
  for (const auto& [capability, file] : config.cc_model_filenames()) {
    RETURN_IF_ERROR(CheckOfBackend(config, "cc_model_filenames", file));
  }
  for (const auto& output : config.output()) {
    RETURN_IF_ERROR(CheckInside(config, "label_filename", output.label_filename(), kModelFolder));
  }
  for (const auto& sample : config.model_warmup()) {
    for (const auto& [name, input] : sample.inputs()) {
      RETURN_IF_ERROR(CheckInside(config, "input_data_file", input.input_data_file(), kDataFolder));
    }
  }
  for (const auto& state : config.sequence_batching().state()) {
    for (const auto& initial : state.initial_state()) {
      RETURN_IF_ERROR(CheckInside(config, "data_file", initial.data_file(), kDataFolder));
    }
  }
  return {};
}

}  // namespace neso
