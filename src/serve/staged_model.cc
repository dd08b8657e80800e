#include "serve/staged_model.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "base/write_file.h"
#include "serve/model_source.h"
#include "serve/serve_words.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "neso-serve-";
// Of a model that batches by what the command line says of its tensors.
constexpr int kMaxBatchSize = 64;

Status Link(const fs::path& to, const fs::path& from) {
  std::error_code error;
  fs::create_symlink(to, from, error);
  if (error) return Internal("cannot make the link '{}': {}", from.string(), error.message());
  return {};
}

// Files that belong to one: weights of ONNX and of OpenVINO, and modules that a model.py may import.
bool BelongsTo(const fs::path& model, ModelFormat format, const fs::path& other) {
  if (other == model) return false;
  const std::string name = other.filename().string();
  const std::string stem = model.stem().string();
  switch (format) {
    case ModelFormat::kOnnx: return name.starts_with(stem + ".") || name.starts_with(model.filename().string());
    case ModelFormat::kPython: return !name.starts_with('.') && name != "__pycache__";
    default: return false;
  }
}

Status LinkFile(const ModelSource& source, const FormatFacts& facts, const fs::path& version) {
  const fs::path model = source.path;
  RETURN_IF_ERROR(Link(model, version / facts.file));
  std::error_code error;
  if (facts.format == ModelFormat::kOpenVino) {
    const fs::path weights = fs::path(model).replace_extension(".bin");
    return fs::exists(weights, error) ? Link(weights, version / "model.bin") : Status();
  }
  for (fs::directory_iterator it(model.parent_path(), error), end; !error && it != end; it.increment(error)) {
    const fs::path link = version / it->path().filename();
    if (!BelongsTo(model, facts.format, it->path()) || fs::exists(fs::symlink_status(link, error))) continue;
    RETURN_IF_ERROR(Link(it->path(), link));
  }
  return {};
}

std::string TensorText(const char* kind, const TypedTensor& tensor, bool batches) {
  std::vector<std::string> dims;
  for (size_t i = batches ? 1 : 0; i < tensor.shape.size(); ++i) dims.push_back(std::to_string(tensor.shape[i]));
  if (dims.empty()) dims.emplace_back("1");
  return fmt::format("{} {{ name: \"{}\" data_type: TYPE_{} dims: [ {} ] }}\n", kind, tensor.name, tensor.datatype,
                     Join(dims, ", "));
}

Expected<std::string> TensorsText(const ServeWords& words) {
  std::vector<std::pair<const char*, TypedTensor>> tensors;
  for (const auto& [kind, texts] : {std::pair("input", &words.inputs), std::pair("output", &words.outputs)}) {
    for (const std::string& text : *texts) {
      const Expected<TypedTensor> tensor = ReadTypedTensor(text);
      if (!tensor) return tensor.error().WithContext("--{}", kind);
      tensors.emplace_back(kind, *tensor);
    }
  }
  const bool batches = !tensors.empty() && std::all_of(tensors.begin(), tensors.end(),
                                                       [](const auto& tensor) { return tensor.second.shape[0] == -1; });
  std::string text = batches ? fmt::format("max_batch_size: {}\ndynamic_batching {{ }}\n", kMaxBatchSize) : "";
  for (const auto& [kind, tensor] : tensors) text += TensorText(kind, tensor, batches);
  return text;
}

Expected<std::string> ConfigText(const ServeWords& words, const FormatFacts& facts) {
  if (!facts.tells_tensors && (words.inputs.empty() || words.outputs.empty())) {
    return InvalidArg(
        "{} does not say what its tensors are called and how large they are: add them, with -1 for what is open, such as --input "
        "'image=FP32[-1,3,224,224]' --output 'scores=FP32[-1,1000]'",
        facts.title);
  }
  ASSIGN_OR_RETURN(const std::string tensors, TensorsText(words));
  if (facts.config.empty() && !tensors.empty()) return fmt::format("backend: \"{}\"\n{}", facts.backend, tensors);
  return std::string(facts.config) + tensors;
}

Status LayOut(const ServeWords& words, const ModelSource& source, const fs::path& repository) {
  const fs::path model = repository / source.name;
  if (!source.format) {
    if (!words.inputs.empty() || !words.outputs.empty()) {
      return InvalidArg("'{}' is the folder of a model: what --input and --output say belongs into its config.pbtxt",
                        source.path);
    }
    return Link(source.path, model);
  }
  const FormatFacts& facts = FactsOf(*source.format);
  ASSIGN_OR_RETURN(const std::string config, ConfigText(words, facts));
  std::error_code error;
  fs::create_directories(model / "1", error);
  if (error) return Internal("cannot make the folder '{}': {}", model.string(), error.message());
  if (!config.empty()) RETURN_IF_ERROR(WriteFile((model / "config.pbtxt").string(), config));
  return LinkFile(source, facts, model / "1");
}

std::vector<std::string> ArgumentsOf(const ServeWords& words, const std::string& program, const std::string& repository,
                                     bool is_init) {
  // For one person at one machine: others are let in by --http-address=0.0.0.0.
  std::vector<std::string> arguments = {program, "--model-repository=" + repository, "--http-address=127.0.0.1",
                                        "--grpc-address=127.0.0.1", "--log-info=false"};
  if (!is_init) arguments.insert(arguments.end(), {"--model-control-mode=poll", "--repository-poll-secs=1"});
  if (words.port != 0) {
    arguments.push_back(fmt::format("--http-port={}", words.port));
    arguments.push_back(fmt::format("--grpc-port={}", words.port + 1));
    arguments.push_back(fmt::format("--metrics-port={}", words.port + 2));
  }
  arguments.insert(arguments.end(), words.server_options.begin(), words.server_options.end());
  return arguments;
}

}  // namespace

Expected<std::unique_ptr<StagedModel>> StageModel(const std::vector<std::string>& arguments) {
  const bool is_init = arguments[1] == "init";
  ASSIGN_OR_RETURN(const ServeWords words, ReadServeWords(arguments));
  ASSIGN_OR_RETURN(ModelSource source, FindModel(words.what));
  if (source.is_repository && (is_init || !words.name.empty())) {
    return InvalidArg("'{}' is a repository of models: name one of them", source.path);
  }
  if (!words.name.empty()) source.name = words.name;
  ScratchFolder::RemoveAbandoned(kPrefix);
  auto staged = std::make_unique<StagedModel>();
  std::string repository = source.path;
  if (!source.is_repository) {
    staged->folder = ScratchFolder::Make(kPrefix);
    if (staged->folder == nullptr) return Internal("cannot make a temporary folder: {}", std::strerror(errno));
    RETURN_IF_ERROR(LayOut(words, source, staged->folder->path()));
    repository = staged->folder->path();
  }
  staged->arguments = ArgumentsOf(words, arguments[0], repository, is_init);
  staged->path = source.path;
  staged->is_file = source.format.has_value();
  if (source.format) staged->usual_file = FactsOf(*source.format).file;
  staged->choose_ports = words.choose_ports;
  staged->to_stdout = words.to_stdout;
  staged->force = words.force;
  return staged;
}

}  // namespace neso
