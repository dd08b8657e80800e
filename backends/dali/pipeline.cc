#include "pipeline.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace neso::dali {
namespace {

using backend::DataType;
using backend::Place;

struct TypePair {
  DataType datatype;
  daliDataType_t dali_type;
};
constexpr TypePair kTypes[] = {
    {TRITONSERVER_TYPE_BOOL, DALI_BOOL},     {TRITONSERVER_TYPE_UINT8, DALI_UINT8},
    {TRITONSERVER_TYPE_UINT16, DALI_UINT16}, {TRITONSERVER_TYPE_UINT32, DALI_UINT32},
    {TRITONSERVER_TYPE_UINT64, DALI_UINT64}, {TRITONSERVER_TYPE_INT8, DALI_INT8},
    {TRITONSERVER_TYPE_INT16, DALI_INT16},   {TRITONSERVER_TYPE_INT32, DALI_INT32},
    {TRITONSERVER_TYPE_INT64, DALI_INT64},   {TRITONSERVER_TYPE_FP16, DALI_FLOAT16},
    {TRITONSERVER_TYPE_FP32, DALI_FLOAT},    {TRITONSERVER_TYPE_FP64, DALI_FLOAT64},
};

DataType DataTypeOf(daliDataType_t type) {
  const auto* const pair = std::ranges::find(kTypes, type, &TypePair::dali_type);
  return pair == std::end(kTypes) ? TRITONSERVER_TYPE_INVALID : pair->datatype;
}

// DALI's words without those that speak of its pipeline object, which is made anew here.
std::string Words(std::string_view message) {
  constexpr std::string_view kBefore = "Critical error in pipeline:\n";
  constexpr std::string_view kBehind = "Current pipeline object is no longer valid.";
  while (message.starts_with(kBefore)) message.remove_prefix(kBefore.size());
  while (true) {
    message = message.substr(0, message.find_last_not_of(" \n") + 1);
    if (!message.ends_with(kBehind)) return std::string(message);
    message.remove_suffix(kBehind.size());
  }
}

Status ToStatus(daliResult_t result) {
  if (static_cast<int32_t>(result) >= 0) return {};
  return {TRITONSERVER_ERROR_UNKNOWN, "DALI error: " + Words(daliGetLastErrorMessage())};
}

TensorDescription Described(const daliPipelineIODesc_t& io) {
  TensorDescription description;
  description.name = io.name;
  if (io.dtype_present != 0) description.datatype = DataTypeOf(io.dtype);
  if (io.ndim_present != 0) description.rank = io.ndim;
  if (io.layout != nullptr) description.layout = io.layout;
  description.on_gpu = io.device == DALI_STORAGE_GPU;
  return description;
}

// What is fed, until the pipeline has taken it.
class TensorList {
 public:
  TensorList() = default;
  ~TensorList() {
    if (handle_ != nullptr) (void)ToStatus(daliTensorListDecRef(handle_, nullptr));
  }
  TensorList(const TensorList&) = delete;
  TensorList& operator=(const TensorList&) = delete;

  Status View(const Samples& samples, const std::string& layout) {
    NESO_RETURN_IF_ERROR(ToStatus(daliTensorListCreate(&handle_, {DALI_STORAGE_CPU, 0, false})));
    const int rank = samples.tensors.empty() ? 0 : samples.tensors[0].ndim;
    // A layout that does not fit is left to the operators to complain about; DALI takes no null pointer for none.
    const char* const fitting = layout.size() == static_cast<size_t>(rank) ? layout.c_str() : "";
    return ToStatus(daliTensorListAttachSamples(handle_, static_cast<int>(samples.tensors.size()), rank,
                                                DaliTypeOf(samples.datatype), fitting, samples.tensors.data(),
                                                nullptr));
  }
  daliTensorList_h handle() const { return handle_; }

 private:
  daliTensorList_h handle_ = nullptr;
};

}  // namespace

daliDataType_t DaliTypeOf(DataType type) {
  const auto* const pair = std::ranges::find(kTypes, type, &TypePair::datatype);
  return pair == std::end(kTypes) ? DALI_NO_TYPE : pair->dali_type;
}

Status InitializeDali() { return ToStatus(daliInit()); }

Outputs::~Outputs() {
  for (daliTensorList_h list : lists_) (void)ToStatus(daliTensorListDecRef(list, nullptr));
  if (handle_ != nullptr) (void)ToStatus(daliPipelineOutputsDestroy(handle_));
}

Result<OutputSamples> Outputs::Get(int index) {
  daliTensorList_h list = nullptr;
  NESO_RETURN_IF_ERROR(ToStatus(daliPipelineOutputsGet(handle_, &list, index)));
  lists_.push_back(list);
  OutputSamples samples;
  int count = 0;
  int rank = 0;
  const int64_t* shapes = nullptr;
  daliDataType_t type = DALI_NO_TYPE;
  daliBufferPlacement_t placement{};
  NESO_RETURN_IF_ERROR(ToStatus(daliTensorListGetShape(list, &count, &rank, &shapes)));
  NESO_RETURN_IF_ERROR(ToStatus(daliTensorListGetDType(list, &type)));
  NESO_RETURN_IF_ERROR(ToStatus(daliTensorListGetBufferPlacement(list, &placement)));
  samples.datatype = DataTypeOf(type);
  samples.count = static_cast<size_t>(count);
  samples.rank = static_cast<size_t>(rank);
  samples.shapes = {shapes, samples.count * samples.rank};
  samples.place = placement.device_type == DALI_STORAGE_GPU ? Place::Gpu(placement.device_id) : Place::Cpu();
  samples.data.reserve(samples.count);
  for (int i = 0; i < count; ++i) {
    daliTensorDesc_t tensor{};
    NESO_RETURN_IF_ERROR(ToStatus(daliTensorListGetTensorDesc(list, &tensor, i)));
    samples.data.push_back(static_cast<const std::byte*>(tensor.data));
  }
  return samples;
}

bool Outputs::HasConsumed(const std::string& name) const {
  const char* depleted = nullptr;
  const daliResult_t found = daliPipelineOutputsGetTrace(handle_, &depleted, name.c_str(), "depleted");
  return found != DALI_SUCCESS || depleted == nullptr || std::strcmp(depleted, "false") != 0;
}

Result<std::unique_ptr<Pipeline>> Pipeline::Build(std::string_view serialized, const PipelineSettings& settings) {
  daliPipelineParams_t parameters{};
  DALI_SET_PARAM(parameters, max_batch_size, static_cast<int>(settings.max_batch_size));
  DALI_SET_PARAM(parameters, num_threads, static_cast<int>(settings.num_threads));
  if (settings.gpu) DALI_SET_PARAM(parameters, device_id, *settings.gpu);
  // Each run is one batch, which nothing runs ahead of. Without a GPU the caller's thread does what DALI's own threads do
  // not, so that none waits for another.
  DALI_SET_PARAM(parameters, exec_type, settings.gpu ? DALI_EXEC_DYNAMIC : DALI_EXEC_SIMPLE);
  DALI_SET_PARAM(parameters, prefetch_queue_depths, daliPrefetchQueueSizes_t{1, 1});
  DALI_SET_PARAM(parameters, enable_checkpointing, false);
  daliPipeline_h handle = nullptr;
  NESO_RETURN_IF_ERROR(ToStatus(daliPipelineDeserialize(&handle, serialized.data(), serialized.size(), &parameters)));
  std::unique_ptr<Pipeline> pipeline(new Pipeline(handle));
  pipeline->description_.max_batch_size = settings.max_batch_size;
  NESO_RETURN_IF_ERROR(ToStatus(daliPipelineBuild(handle)));
  NESO_RETURN_IF_ERROR(pipeline->Describe());
  return pipeline;
}

Pipeline::~Pipeline() {
  if (handle_ != nullptr) (void)ToStatus(daliPipelineDestroy(handle_));
}

Status Pipeline::Describe() {
  int count = 0;
  daliPipelineIODesc_t io{};
  NESO_RETURN_IF_ERROR(ToStatus(daliPipelineGetInputCount(handle_, &count)));
  for (int i = 0; i < count; ++i) {
    NESO_RETURN_IF_ERROR(ToStatus(daliPipelineGetInputDescByIdx(handle_, &io, i)));
    description_.inputs.push_back(Described(io));
  }
  NESO_RETURN_IF_ERROR(ToStatus(daliPipelineGetOutputCount(handle_, &count)));
  for (int i = 0; i < count; ++i) {
    NESO_RETURN_IF_ERROR(ToStatus(daliPipelineGetOutputDesc(handle_, &io, i)));
    description_.outputs.push_back(Described(io));
  }
  return {};
}

Status Pipeline::Feed(size_t input, const Samples& samples) {
  const TensorDescription& description = description_.inputs[input];
  TensorList list;
  NESO_RETURN_IF_ERROR(list.View(samples, description.layout));
  const bool as_it_lies = samples.may_stay && !description.on_gpu;
  const auto flags = as_it_lies ? DALI_FEED_INPUT_NO_COPY : DALI_FEED_INPUT_FORCE_COPY | DALI_FEED_INPUT_SYNC;
  return ToStatus(daliPipelineFeedInput(handle_, description.name.c_str(), list.handle(), nullptr, flags, nullptr));
}

Result<Outputs> Pipeline::Run() {
  NESO_RETURN_IF_ERROR(ToStatus(daliPipelineRun(handle_)));
  daliPipelineOutputs_h outputs = nullptr;
  NESO_RETURN_IF_ERROR(ToStatus(daliPipelinePopOutputs(handle_, &outputs)));
  return Outputs(outputs);
}

}  // namespace neso::dali
