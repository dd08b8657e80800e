#include "completion.h"

#include <algorithm>
#include <string>
#include <vector>

#include "neso/backend/completion.h"

namespace neso::dali {
namespace {

using backend::FindMember;
using backend::ModelConfig;
using backend::TensorConfig;

rapidjson::Value& ListOf(rapidjson::Document& config, const char* name) {
  if (const rapidjson::Value* list = FindMember(config, name); list == nullptr || !list->IsArray()) {
    backend::SetMember(config, name, rapidjson::Value(rapidjson::kArrayType), config);
  }
  return config[name];
}

rapidjson::Value& NewTensor(rapidjson::Value& list, const std::string& name, rapidjson::Document& config) {
  rapidjson::Value tensor(rapidjson::kObjectType);
  tensor.AddMember("name", rapidjson::Value(name, config.GetAllocator()), config.GetAllocator());
  list.PushBack(tensor, config.GetAllocator());
  return list[list.Size() - 1];
}

rapidjson::Value& FindOrAdd(rapidjson::Value& list, const std::string& name, rapidjson::Document& config) {
  for (rapidjson::Value& tensor : list.GetArray()) {
    if (backend::StringOr(tensor, "name") == name) return tensor;
  }
  return NewTensor(list, name, config);
}

Status CompleteTensor(const TensorDescription& described, const char* kind, bool batches, int rank_taken,
                      rapidjson::Value& tensor, rapidjson::Document& config) {
  const std::string name = backend::StringOr(tensor, "name");
  const auto unknown = [&](std::string_view what) {
    return Status::InvalidArg("neither the configuration nor the pipeline says the ", what, " of ", kind, " '", name,
                              "': add it to config.pbtxt, or to the pipeline (external_source's dtype and ndim, "
                              "pipeline_def's output_dtype and output_ndim)");
  };
  if (backend::FromConfigName(backend::StringOr(tensor, "data_type")) == TRITONSERVER_TYPE_INVALID) {
    if (described.datatype == TRITONSERVER_TYPE_INVALID) return unknown("data_type");
    backend::SetMember(tensor, "data_type",
                       rapidjson::Value(std::string(backend::ConfigName(described.datatype)), config.GetAllocator()),
                       config);
  }
  const rapidjson::Value* dims = FindMember(tensor, "dims");
  if (dims == nullptr || !dims->IsArray() || dims->Empty()) {
    if (!described.rank) return unknown("dims");
    // All of variable size; of a model that does not batch, one before them.
    const auto rank = static_cast<size_t>(std::max(*described.rank - rank_taken, 0));
    backend::SetDims(std::vector<int64_t>(rank + 1, -1), batches, tensor, config);
  }
  return {};
}

Status CheckDatatype(const TensorConfig& tensor, const TensorDescription& described) {
  if (described.datatype == TRITONSERVER_TYPE_INVALID || described.datatype == tensor.datatype) return {};
  return Status::InvalidArg("Mismatch of data_type config for \"", tensor.name,
                            "\".\nData type defined in config: ", backend::ConfigName(tensor.datatype),
                            "\nData type defined in pipeline: ", backend::ConfigName(described.datatype));
}

Status CheckRank(const TensorConfig& tensor, const TensorDescription& described, bool batches, bool split) {
  if (!described.rank) return {};
  const size_t expected = static_cast<size_t>(*described.rank) + (batches ? 0 : 1);
  const size_t configured = tensor.backend_dims().size();
  if (configured == expected || (split && configured + 1 == expected)) return {};
  return Status::InvalidArg("Mismatch of dims config for \"", tensor.name,
                            "\".\nDims defined in config: ", backend::ShapeText(tensor.backend_dims()),
                            "\nNumber of dims defined in pipeline: ", expected);
}

Status CheckKnownDatatype(const TensorConfig& tensor) {
  // DALI has none of these.
  const bool unknown = tensor.datatype == TRITONSERVER_TYPE_BYTES || tensor.datatype == TRITONSERVER_TYPE_BF16 ||
                       tensor.datatype == TRITONSERVER_TYPE_INVALID;
  if (!unknown) return {};
  return Status::InvalidArg("Mismatch of data_type config for \"", tensor.name,
                            "\".\nData type defined in config: ", backend::ConfigName(tensor.datatype),
                            "\nDALI has no such type; encoded data (images, videos) is TYPE_UINT8");
}

Status CheckInputs(const PipelineDescription& pipeline, bool batches, const ModelConfig& config) {
  if (config.inputs.empty()) return Status::InvalidArg("Missing inputs config.");
  for (const TensorConfig& input : config.inputs) {
    const auto has_name = [&](const TensorDescription& described) { return described.name == input.name; };
    if (std::ranges::any_of(pipeline.inputs, has_name)) continue;
    return Status::InvalidArg("Configuration file contains config for ", input.name,
                              " but such input is not present in the pipeline.");
  }
  for (const TensorDescription& described : pipeline.inputs) {
    const TensorConfig* const input = config.FindInput(described.name);
    if (input == nullptr) return Status::InvalidArg("Missing config for \"", described.name, "\" input.");
    NESO_RETURN_IF_ERROR(CheckKnownDatatype(*input));
    NESO_RETURN_IF_ERROR(CheckDatatype(*input, described));
    NESO_RETURN_IF_ERROR(CheckRank(*input, described, batches, false));
  }
  return {};
}

Status CheckOutputs(const PipelineDescription& pipeline, bool batches, const Options& options,
                    const ModelConfig& config) {
  if (config.outputs.empty()) return Status::InvalidArg("Missing outputs config.");
  if (config.outputs.size() != pipeline.outputs.size()) {
    return Status::InvalidArg(
        "The number of outputs specified in the DALI pipeline and the configuration file do not match.\n"
        "Model config outputs: ",
        config.outputs.size(), "\nPipeline outputs: ", pipeline.outputs.size());
  }
  for (size_t i = 0; i < config.outputs.size(); ++i) {
    const TensorConfig& output = config.outputs[i];
    NESO_RETURN_IF_ERROR(CheckKnownDatatype(output));
    NESO_RETURN_IF_ERROR(CheckDatatype(output, pipeline.outputs[i]));
    NESO_RETURN_IF_ERROR(CheckRank(output, pipeline.outputs[i], batches, options.Splits(output.name)));
  }
  for (const std::string& name : options.split_outputs) {
    if (config.FindOutput(name) != nullptr) continue;
    return Status::InvalidArg("parameter 'split_along_outer_axis': the model has no output '", name, "'");
  }
  return {};
}

bool SkipIf(std::string_view& text, char expected) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return true;
}

}  // namespace

bool SaysUnbatched(std::string_view config_text) {
  constexpr std::string_view kField = "max_batch_size";
  while (!config_text.empty()) {
    std::string_view line = config_text.substr(0, config_text.find('\n'));
    config_text.remove_prefix(std::min(line.size() + 1, config_text.size()));
    line = line.substr(0, line.find('#'));
    const size_t at = line.find(kField);
    if (at == std::string_view::npos) continue;
    line.remove_prefix(at + kField.size());
    if (SkipIf(line, ':') && line.starts_with('0') && line.find_first_of("123456789") != 1) return true;
  }
  return false;
}

Status Complete(const PipelineDescription& pipeline, bool batches, const Options& options,
                rapidjson::Document& config) {
  rapidjson::Value& inputs = ListOf(config, "input");
  for (const TensorDescription& described : pipeline.inputs) {
    rapidjson::Value& input = FindOrAdd(inputs, described.name, config);
    NESO_RETURN_IF_ERROR(CompleteTensor(described, "input", batches, 0, input, config));
    if (batches && FindMember(input, "reshape") == nullptr) {
      backend::SetMember(input, "allow_ragged_batch", rapidjson::Value(true), config);
    }
  }
  rapidjson::Value& outputs = ListOf(config, "output");
  for (size_t i = 0; i < pipeline.outputs.size(); ++i) {
    const auto index = static_cast<rapidjson::SizeType>(i);
    rapidjson::Value& output =
        index < outputs.Size() ? outputs[index] : NewTensor(outputs, pipeline.outputs[i].name, config);
    const int rank_taken = options.Splits(backend::StringOr(output, "name")) ? 1 : 0;
    NESO_RETURN_IF_ERROR(CompleteTensor(pipeline.outputs[i], "output", batches, rank_taken, output, config));
  }
  if (!batches) return {};
  if (backend::IntOr(config, "max_batch_size", 0) == 0) {
    backend::SetMember(config, "max_batch_size", rapidjson::Value(pipeline.max_batch_size), config);
  }
  if (!backend::HasScheduler(config))
    backend::SetMember(config, "dynamic_batching", rapidjson::Value(rapidjson::kObjectType), config);
  return {};
}

Status CheckConfig(const PipelineDescription& pipeline, bool batches, const Options& options,
                   const ModelConfig& config) {
  if (batches && config.max_batch_size == 0) {
    return Status::InvalidArg("Missing max_batch_size field in model configuration.");
  }
  NESO_RETURN_IF_ERROR(CheckInputs(pipeline, batches, config));
  return CheckOutputs(pipeline, batches, options, config);
}

}  // namespace neso::dali
