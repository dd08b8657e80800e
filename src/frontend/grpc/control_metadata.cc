// Metadata and statistics of ControlService.
#include "config/data_type.h"
#include "frontend/grpc/control_service.h"
#include "frontend/grpc/infer_request.h"

namespace neso {
namespace {

template <typename Tensors, typename Messages>
void FillTensors(const Tensors& tensors, bool batched, Messages& messages) {
  for (const auto& tensor : tensors) {
    inference::ModelMetadataResponse::TensorMetadata& message = *messages.Add();
    message.set_name(tensor.name());
    message.set_datatype(std::string(DataTypeToProtocol(tensor.data_type())));
    if (batched) message.add_shape(-1);
    message.mutable_shape()->MergeFrom(tensor.dims());
  }
}

void Fill(const DurationStatistic& duration, inference::StatisticDuration& message) {
  message.set_count(duration.count);
  message.set_ns(duration.ns);
}

void FillInferences(const StatisticsSnapshot& statistics, inference::InferStatistics& message) {
  Fill(statistics.success, *message.mutable_success());
  Fill(statistics.fail, *message.mutable_fail());
  Fill(statistics.queue, *message.mutable_queue());
  Fill(statistics.compute_input, *message.mutable_compute_input());
  Fill(statistics.compute_infer, *message.mutable_compute_infer());
  Fill(statistics.compute_output, *message.mutable_compute_output());
  Fill(statistics.cache_hit, *message.mutable_cache_hit());
  Fill(statistics.cache_miss, *message.mutable_cache_miss());
}

void FillResponses(const ResponseStatistics& statistics, inference::InferResponseStatistics& message) {
  Fill(statistics.compute_infer, *message.mutable_compute_infer());
  Fill(statistics.compute_output, *message.mutable_compute_output());
  Fill(statistics.success, *message.mutable_success());
  Fill(statistics.fail, *message.mutable_fail());
  Fill(statistics.empty_response, *message.mutable_empty_response());
  Fill(statistics.cancel, *message.mutable_cancel());
}

void FillBatch(uint64_t size, const BatchStatistics& statistics, inference::InferBatchStatistics& message) {
  message.set_batch_size(size);
  Fill(statistics.compute_input, *message.mutable_compute_input());
  Fill(statistics.compute_infer, *message.mutable_compute_infer());
  Fill(statistics.compute_output, *message.mutable_compute_output());
}

void FillModel(const Model& model, inference::ModelStatistics& message) {
  const StatisticsSnapshot statistics = model.statistics().Snapshot();
  message.set_name(model.name());
  message.set_version(std::to_string(model.version()));
  message.set_last_inference(statistics.last_inference_ms);
  message.set_inference_count(statistics.inference_count);
  message.set_execution_count(statistics.execution_count);
  FillInferences(statistics, *message.mutable_inference_stats());
  for (const auto& [index, responses] : statistics.responses) {
    FillResponses(responses, (*message.mutable_response_stats())[std::to_string(index)]);
  }
  for (const auto& [size, batch] : statistics.batches) FillBatch(size, batch, *message.add_batch_stats());
  for (const ModelStatistics::MemoryUsage& usage : model.statistics().MemoryUsages()) {
    inference::MemoryUsage& memory = *message.add_memory_usage();
    memory.set_type(usage.type);
    memory.set_id(usage.id);
    memory.set_byte_size(usage.byte_size);
  }
}

void Fill(const neso::ModelMetadata& metadata, inference::ModelMetadataResponse& response) {
  const inference::ModelConfig& config = metadata.model->config();
  response.set_name(config.name());
  for (const int64_t served : metadata.versions) response.add_versions(std::to_string(served));
  response.set_platform(config.platform().empty() ? config.backend() : config.platform());
  FillTensors(config.input(), config.max_batch_size() >= 1, *response.mutable_inputs());
  FillTensors(config.output(), config.max_batch_size() >= 1, *response.mutable_outputs());
}

}  // namespace

Status ControlService::ServerMetadata(const inference::ServerMetadataRequest&,
                                      inference::ServerMetadataResponse& response) {
  const neso::ServerMetadata& metadata = server_.Metadata();
  response.set_name(metadata.name);
  response.set_version(metadata.version);
  for (const std::string& extension : metadata.extensions) response.add_extensions(extension);
  return {};
}

void ControlService::ModelMetadata(const inference::ModelMetadataRequest& request,
                                   Answer<inference::ModelMetadataResponse> answer) {
  const Expected<int64_t> version = ParseModelVersion(request.version());
  if (!version) return answer(version.error(), {});
  const auto tell = [this, version = *version, answer = std::move(answer)](const Expected<ModelHandle>& model) {
    inference::ModelMetadataResponse response;
    if (model) Fill(server_.MetadataOf(*model, version), response);
    answer(model.status(), response);
  };
  server_.WithModel(request.name(), *version, tell);
}

Status ControlService::ModelStatistics(const inference::ModelStatisticsRequest& request,
                                       inference::ModelStatisticsResponse& response) {
  ASSIGN_OR_RETURN(const int64_t version, ParseModelVersion(request.version()));
  ASSIGN_OR_RETURN(const std::vector<ModelHandle> models, server_.WhoseStatistics(request.name(), version));
  for (const ModelHandle& model : models) FillModel(*model, *response.add_model_stats());
  return {};
}

}  // namespace neso
