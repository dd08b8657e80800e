#include "answer.h"

#include <string>
#include <utility>

#include "joined_shape.h"
#include "neso/backend/datatype.h"
#include "neso/backend/response.h"

namespace neso::dali {
namespace {

using backend::Response;
using backend::TensorConfig;

// Its samples, one behind the other.
Status AddOutput(Response& response, const std::string& name, const OutputSamples& samples,
                 std::span<const int64_t> shape, const Share& share) {
  const size_t element_size = backend::ByteSize(samples.datatype);
  const auto total = static_cast<size_t>(backend::ElementCount(shape)) * element_size;
  NESO_ASSIGN_OR_RETURN(const backend::OutputMemory memory,
                        response.AddOutputAnywhere(name.c_str(), samples.datatype, shape, total, samples.place));
  size_t offset = 0;
  for (size_t i = share.first; i < share.first + share.count; ++i) {
    const std::span<const int64_t> sample = samples.shapes.subspan(i * samples.rank, samples.rank);
    const auto size = static_cast<size_t>(backend::ElementCount(sample)) * element_size;
    NESO_RETURN_IF_ERROR(backend::CopyMemory(memory.data + offset, memory.place, samples.data[i], samples.place, size));
    offset += size;
  }
  return {};
}

}  // namespace

Result<std::vector<OutputSamples>> GetOutputs(Outputs& outputs, const backend::ModelConfig& config) {
  std::vector<OutputSamples> all;
  for (const TensorConfig& output : config.outputs) {
    NESO_ASSIGN_OR_RETURN(OutputSamples samples, outputs.Get(static_cast<int>(all.size())));
    if (samples.datatype != output.datatype) {
      return BackendError("configuration expects datatype ", backend::ConfigName(output.datatype), " for output '",
                          output.name, "', model provides ", backend::ConfigName(samples.datatype));
    }
    if (samples.count == 0 || (!all.empty() && samples.count != all[0].count)) {
      return BackendError("output '", output.name, "': expected as many samples as the first output has, got ",
                          samples.count);
    }
    all.push_back(std::move(samples));
  }
  return all;
}

Status Respond(backend::Request& request, std::span<const OutputSamples> outputs, const Share& share,
               const backend::ModelConfig& config, const Options& options) {
  std::vector<std::vector<int64_t>> shapes;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const size_t rank = outputs[i].rank;
    const auto of_share = outputs[i].shapes.subspan(share.first * rank, share.count * rank);
    const std::string& name = config.outputs[i].name;
    NESO_ASSIGN_OR_RETURN(std::vector<int64_t> shape,
                          JoinedShape(name, of_share, share.count, rank, options.Splits(name)));
    shapes.push_back(std::move(shape));
  }
  NESO_ASSIGN_OR_RETURN(Response response, Response::New(request));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Status added = AddOutput(response, config.outputs[i].name, outputs[i], shapes[i], share);
    if (!added.ok()) return response.SendError(added, share.final);
  }
  return response.Send(share.final);
}

}  // namespace neso::dali
