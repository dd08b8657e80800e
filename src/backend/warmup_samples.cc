#include <algorithm>
#include <cstring>
#include <map>
#include <random>

#include "backend/warmup.h"
#include "base/log.h"
#include "base/read_file.h"
#include "config/data_type.h"
#include "config/validate.h"

namespace neso {
namespace {

// What the message of a request without id begins with.
constexpr const char* kPrefix = "[request id: <id_unknown>] ";

Expected<std::string> ReadDataFile(const std::string& model_folder, const std::string& name) {
  return ReadFile(model_folder + "/warmup/" + name, kMaxWarmUpBytes);
}

std::string RandomBytes(size_t byte_size) {
  // The same bytes at every start: a model that fails with them fails again.
  std::mt19937_64 random;
  std::string bytes(byte_size, '\0');
  for (size_t i = 0; i < byte_size; i += sizeof(uint64_t)) {
    const uint64_t eight = random();
    std::memcpy(bytes.data() + i, &eight, std::min(sizeof(eight), byte_size - i));
  }
  return bytes;
}

Expected<std::string> TensorData(const std::string& name, const inference::ModelWarmup::Input& input,
                                 const std::string& model_folder) {
  const std::optional<int64_t> elements = ElementCount(DimsOf(input.dims()));
  if (!elements)
    return InvalidArg("warmup setting expects all variable-size dimensions are specified for input '{}'", name);
  const bool is_text = input.data_type() == inference::TYPE_STRING;
  const size_t byte_size = static_cast<size_t>(*elements) * ZeroByteSize(input.data_type());
  switch (input.input_data_type_case()) {
    case inference::ModelWarmup::Input::kZeroData: return std::string(byte_size, '\0');
    case inference::ModelWarmup::Input::kRandomData:
      return is_text ? std::string(byte_size, '\0') : RandomBytes(byte_size);
    case inference::ModelWarmup::Input::kInputDataFile: {
      ASSIGN_OR_RETURN(std::string data, ReadDataFile(model_folder, input.input_data_file()));
      if (is_text) return data;
      if (data.size() < byte_size) {
        return InvalidArg("{}warmup setting expects {} bytes, but the data provided from {}only has {} bytes", kPrefix,
                          byte_size, input.input_data_file(), data.size());
      }
      data.resize(byte_size);
      return data;
    }
    default: return InvalidArg("{}warmup setting expects input '{}' to have input_data_type set", kPrefix, name);
  }
}

bool IsModelInput(const inference::ModelConfig& config, const std::string& name) {
  for (const auto& input : config.input()) {
    if (input.name() == name) return true;
  }
  return false;
}

}  // namespace

Expected<std::vector<WarmUpSample>> MakeWarmUpSamples(const inference::ModelConfig& config,
                                                      const std::string& model_folder) {
  std::vector<WarmUpSample> samples;
  for (const inference::ModelWarmup& setting : config.model_warmup()) {
    if (setting.batch_size() == 0) {
      LOG_VERBOSE(1, "Skipping batch 0 warmup sample '{}'", setting.name());
      continue;
    }
    LOG_VERBOSE(1, "Generating warmup sample data for '{}'", setting.name());
    WarmUpSample& sample = samples.emplace_back();
    sample.name = setting.name();
    sample.batch_size = setting.batch_size();
    sample.count = std::max<uint32_t>(1, setting.count());
    const std::map<std::string, inference::ModelWarmup::Input> sorted(setting.inputs().begin(), setting.inputs().end());
    for (const auto& [name, input] : sorted) {
      WarmUpTensor& tensor = sample.tensors.emplace_back();
      tensor.name = name;
      tensor.datatype = static_cast<DataType>(input.data_type());
      if (config.max_batch_size() > 0) tensor.shape.push_back(1);
      tensor.shape.insert(tensor.shape.end(), input.dims().begin(), input.dims().end());
      tensor.is_model_input = IsModelInput(config, name);
      ASSIGN_OR_RETURN(tensor.data, TensorData(name, input, model_folder));
      if (tensor.data.size() > kMaxWarmUpBytes / sample.batch_size) {
        return InvalidArg("warmup sample '{}': expected at most {} bytes of input '{}' together, got {} for each of {}",
                          sample.name, kMaxWarmUpBytes, name, tensor.data.size(), sample.batch_size);
      }
    }
  }
  return samples;
}

}  // namespace neso
