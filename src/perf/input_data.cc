#include "perf/input_data.h"

#include <fmt/format.h>

#include <filesystem>
#include <iterator>
#include <numeric>
#include <random>

#include "base/read_file.h"
#include "base/text.h"
#include "client/text_elements.h"
#include "perf/made_tensor.h"

namespace neso::perf {
namespace {

constexpr uint64_t kMostBytesOfAll = uint64_t{8} << 30;

Expected<Stream> MakeUpSteps(const ModelFacts& facts, const Options& options) {
  std::mt19937 random(1);  // the same in each run
  Stream steps;
  for (uint64_t i = 0; i < options.batch; i++) {
    TensorSet& step = steps.emplace_back();
    for (const TensorFacts& input : facts.inputs) {
      if (input.is_optional) continue;
      ASSIGN_OR_RETURN(step.inputs.emplace_back(), MakeTensor(input, options, random));
    }
  }
  return steps;
}

std::string BytesOfLines(std::string_view text) {
  std::string bytes;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : Split(text, '\n')) client::AppendText(bytes, line);
  return bytes;
}

// A file for each input, named like it.
Expected<Stream> ReadFolder(const std::string& folder, const ModelFacts& facts) {
  TensorSet step;
  for (const TensorFacts& input : facts.inputs) {
    const std::string path = folder + "/" + input.name;
    ASSIGN_OR_RETURN(std::optional<std::string> text, ReadFileIfThere(path, kMostRequestBytes));
    if (!text && input.is_optional) continue;
    if (!text) return InvalidArg("{}: expected a file with the data of input '{}'", path, input.name);
    RETURN_IF_ERROR(CheckShapeIsKnown(input.name, input.shape));
    Tensor tensor{.name = input.name, .datatype = input.datatype, .shape = input.shape, .bytes = *std::move(text)};
    if (input.datatype == "BYTES") tensor.bytes = BytesOfLines(tensor.bytes);
    const Status checked = CheckSize(tensor);
    if (!checked.ok()) return checked.WithContext("{}", path);
    step.inputs.push_back(std::move(tensor));
  }
  return Stream{std::move(step)};
}

Status Append(const TensorSet& step, TensorSet& request) {
  const auto append = [](const std::vector<Tensor>& from, std::vector<Tensor>& to) -> Status {
    if (from.size() != to.size()) return InvalidArg("the steps of a batch bring different tensors: use -b 1");
    for (size_t i = 0; i < from.size(); i++) {
      if (from[i].name != to[i].name) return InvalidArg("the steps of a batch bring different tensors: use -b 1");
      if (from[i].shape != to[i].shape)
        return InvalidArg("the steps of a batch have different shapes for '{}', [{}] and [{}]: use -b 1", to[i].name,
                          fmt::join(to[i].shape, ","), fmt::join(from[i].shape, ","));
      to[i].bytes += from[i].bytes;
    }
    return {};
  };
  RETURN_IF_ERROR(append(step.inputs, request.inputs));
  return append(step.expected, request.expected);
}

void AddBatch(std::vector<Tensor>& tensors, uint64_t batch) {
  for (Tensor& tensor : tensors) tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(batch));
}

uint64_t BytesOf(const TensorSet& set) {
  uint64_t bytes = 0;
  for (const Tensor& tensor : set.inputs) bytes += tensor.bytes.size();
  return bytes;
}

}  // namespace

Expected<std::vector<Stream>> MakeInputData(const ModelFacts& facts, const Options& options) {
  std::vector<Stream> streams;
  if (options.input_files.empty()) {
    ASSIGN_OR_RETURN(streams.emplace_back(), MakeUpSteps(facts, options));
    return streams;
  }
  for (const std::string& path : options.input_files) {
    const bool is_schedule = options.load == LoadKind::kSchedule;
    if (std::filesystem::is_directory(path)) {
      if (is_schedule) return InvalidArg("{}: expected a file whose steps have a \"timestamp\", got a folder", path);
      if (options.service == ServiceKind::kOpenAi)
        return InvalidArg("{}: expected a file whose steps have a \"payload\", got a folder", path);
      ASSIGN_OR_RETURN(streams.emplace_back(), ReadFolder(path, facts));
      continue;
    }
    ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMostRequestBytes));
    const StepNeeds needs{.time = is_schedule, .session = options.load == LoadKind::kSessions};
    const Status read = ReadInputJson(text, facts, streams, needs);
    if (!read.ok()) return read.WithContext("{}", path);
  }
  return streams;
}

Expected<std::vector<TensorSet>> BatchRequests(const std::vector<Stream>& streams, const ModelFacts& facts,
                                               const Options& options) {
  std::vector<const TensorSet*> steps;
  for (const Stream& stream : streams) {
    for (const TensorSet& step : stream) steps.push_back(&step);
  }
  std::vector<TensorSet> requests;
  uint64_t bytes = 0;
  const size_t count = steps.size() / std::gcd(steps.size(), options.batch);
  for (size_t i = 0; i < count; i++) {
    TensorSet& request = requests.emplace_back(*steps[i * options.batch % steps.size()]);
    for (size_t k = 1; k < options.batch; k++)
      RETURN_IF_ERROR(Append(*steps[(i * options.batch + k) % steps.size()], request));
    if (facts.batches) AddBatch(request.inputs, options.batch);
    if (facts.batches) AddBatch(request.expected, options.batch);
    bytes += BytesOf(request);
    if (BytesOf(request) > kMostRequestBytes) return Unsupported("the inputs are more than fit into a request");
    if (bytes > kMostBytesOfAll)
      return Unsupported("the input data is more than {} GiB: give fewer steps or a smaller -b", kMostBytesOfAll >> 30);
  }
  return requests;
}

}  // namespace neso::perf
