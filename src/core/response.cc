#include "core/response.h"

#include <utility>

#include "base/log.h"
#include "core/foreign_call.h"
#include "core/model.h"
#include "core/object_pool.h"
#include "core/reshape.h"
#include "core/trace.h"

namespace neso {
namespace {

constexpr size_t kMaxPooledOutputs = 64;

// The C ABI takes the allocator without const and does not change it.
TRITONSERVER_ResponseAllocator* Handle(const ResponseAllocator* allocator) {
  return const_cast<ResponseAllocator*>(allocator);
}

// An allocator that reports no error has to have given something.
Status CheckAllocated(const std::string& output, const void* base, size_t byte_size, int memory_type) {
  if (base == nullptr && byte_size != 0) {
    return Internal("the response allocator gave no memory for output '{}' of {} bytes, and no error", output,
                    byte_size);
  }
  if (!IsMemoryType(memory_type)) {
    return Internal("the response allocator gave memory of the unknown type {} for output '{}'", memory_type, output);
  }
  return {};
}

}  // namespace

Status Output::AllocateBuffer(void** buffer, size_t byte_size, MemoryType preferred, int64_t preferred_id,
                              MemoryType* actual, int64_t* actual_id) {
  if (has_buffer_) return AlreadyExists("allocated buffer for output '{}' already exists", name_);
  RETURN_IF_ERROR(response_->StartAllocation());
  const ResponseFactory& factory = *response_->factory_;
  auto actual_type = static_cast<TRITONSERVER_MemoryType>(preferred);
  *actual_id = preferred_id;
  RETURN_IF_ERROR(CallForeign("the allocation callback of a response allocator", factory.allocator_->alloc,
                              Handle(factory.allocator_), name_.c_str(), byte_size, actual_type, preferred_id,
                              factory.allocator_userp_, &base_, &buffer_userp_, &actual_type, actual_id));
  has_buffer_ = true;  // whatever it is, it goes back
  attributes_.byte_size = byte_size;
  RETURN_IF_ERROR(CheckAllocated(name_, base_, byte_size, actual_type));
  *buffer = base_;
  *actual = static_cast<MemoryType>(actual_type);
  attributes_.memory_type = *actual;
  attributes_.memory_type_id = *actual_id;
  return CallForeign("the buffer attributes callback of a response allocator", factory.allocator_->buffer_attributes,
                     Handle(factory.allocator_), name_.c_str(), &attributes_, factory.allocator_userp_, buffer_userp_);
}

Expected<bool> Output::LendBuffer(const LentMemory& memory) {
  if (has_buffer_) return AlreadyExists("allocated buffer for output '{}' already exists", name_);
  const ResponseFactory& factory = *response_->factory_;
  // Its owner may go on changing it, which numbers can bear; but the lengths of strings are read to find the next one.
  if (datatype_ == DataType::kBytes || factory.allocator_->borrow == nullptr) return false;
  if (!factory.allocator_->borrow(name_.c_str(), memory, factory.allocator_userp_, &buffer_userp_)) return false;
  has_buffer_ = true;
  base_ = const_cast<void*>(memory.data);
  attributes_.byte_size = memory.byte_size;
  attributes_.memory_type = MemoryType::kCpu;
  attributes_.memory_type_id = 0;
  return true;
}

void Output::TakeBuffer(Output& from, void* userp) {
  has_buffer_ = std::exchange(from.has_buffer_, false);
  base_ = from.base_;
  buffer_userp_ = userp;
  attributes_ = from.attributes_;
}

void Output::ReleaseBuffer() {
  if (!std::exchange(has_buffer_, false)) return;
  const ResponseAllocator* const allocator = response_->factory_->allocator_;
  const Status status = CallForeign(
      "the release callback of a response allocator", allocator->release, Handle(allocator), base_, buffer_userp_,
      attributes_.byte_size, static_cast<TRITONSERVER_MemoryType>(attributes_.memory_type), attributes_.memory_type_id);
  if (!status.ok()) LOG_ERROR("failed to release buffer of output '{}': {}", name_, status.message());
}

InferenceResponse::~InferenceResponse() = default;

void InferenceResponse::operator delete(InferenceResponse* response, std::destroying_delete_t) {
  response->Clear();
  if (response->outputs_.size() <= kMaxPooledOutputs && RecyclePool<InferenceResponse>::Put(response)) return;
  response->~InferenceResponse();
  ::operator delete(response);
}

void InferenceResponse::Clear() {
  for (size_t i = 0; i < output_count_; ++i) outputs_[i].ReleaseBuffer();
  output_count_ = 0;
  parameters_.clear();
  status_ = Status();
  allocation_started_ = false;
  // Last: it may take the model down.
  factory_.reset();
}

const std::string& InferenceResponse::model_name() const { return factory_->model()->name(); }
int64_t InferenceResponse::model_version() const { return factory_->model()->version(); }

void InferenceResponse::AddParameter(std::string_view name, ParameterValue value) {
  parameters_.push_back({std::string(name), std::move(value)});
}

Expected<Output*> InferenceResponse::AddOutput(std::string_view name, DataType datatype,
                                               std::span<const int64_t> shape) {
  ASSIGN_OR_RETURN(const TensorSpec* const spec, SpecOfNew(name));
  if (!spec->has_reshape) return &Place(name, datatype, shape);
  const Shape given(shape.begin(), shape.end());
  const size_t batch_dims = factory_->model()->max_batch_size() > 0 ? 1 : 0;
  const Shape sent = ApplyReshape(given, batch_dims, spec->reshape, spec->dims);
  // A shape of another rank passes, as long as the requester can read the bytes by what it is told.
  if (ElementCount(given) != ElementCount(sent)) {
    return Internal("output '{}': expected a shape that its reshape {} fits, got {}, which would be sent as {}", name,
                    ShapeText(spec->reshape), ShapeText(given), ShapeText(sent));
  }
  return &Place(name, datatype, sent);
}

Expected<Output*> InferenceResponse::AddOutputAsSent(std::string_view name, DataType datatype,
                                                     std::span<const int64_t> shape) {
  RETURN_IF_ERROR(SpecOfNew(name).status());
  return &Place(name, datatype, shape);
}

Expected<const TensorSpec*> InferenceResponse::SpecOfNew(std::string_view name) const {
  const Model& model = *factory_->model();
  const TensorSpec* const spec = model.FindOutput(name);
  if (spec == nullptr) return InvalidArg("unexpected inference output '{}' for model '{}'", name, model.name());
  for (const Output& output : outputs()) {
    if (output.name() == name) return AlreadyExists("output '{}' already exists in response", name);
  }
  return spec;
}

Output& InferenceResponse::Place(std::string_view name, DataType datatype, std::span<const int64_t> shape) {
  Output& output = outputs_[output_count_++];  // names are the model's and unique, so there is room
  output.response_ = this;
  output.name_ = name;
  output.datatype_ = datatype;
  output.shape_.assign(shape.begin(), shape.end());
  output.base_ = nullptr;
  output.buffer_userp_ = nullptr;
  output.attributes_ = BufferAttributes();
  return output;
}

const char* InferenceResponse::ClassificationLabel(const Output& output, size_t index) const {
  const TensorSpec* const spec = factory_->model()->FindOutput(output.name());
  if (spec == nullptr || index >= spec->labels.size()) return nullptr;
  return spec->labels[index].c_str();
}

Status InferenceResponse::StartAllocation() {
  if (std::exchange(allocation_started_, true)) return {};
  const ResponseAllocator* const allocator = factory_->allocator_;
  return CallForeign("the start callback of a response allocator", allocator->start, Handle(allocator),
                     factory_->allocator_userp_);
}

void InferenceResponse::Send(std::unique_ptr<InferenceResponse> response, uint32_t flags, Status error) {
  // The factory outlives the response, which the requester may delete at once.
  const std::shared_ptr<ResponseFactory> factory = response->factory_;
  if (!error.ok()) {
    if (factory->trace_ != nullptr) factory->trace_->NoteFailure(error);
    response->status_ = std::move(error);
    for (size_t i = 0; i < response->output_count_; ++i) response->outputs_[i].ReleaseBuffer();
    response->output_count_ = 0;
  }
  if (factory->trace_ != nullptr && factory->trace_->wants_tensors()) {
    for (const Output& output : response->outputs()) {
      factory->trace_->ReportTensor(TRITONSERVER_TRACE_TENSOR_BACKEND_OUTPUT, output.name().c_str(), output.datatype(),
                                    output.base(), output.attributes().byte_size, output.shape(), output.attributes());
    }
  }
  factory->Dispatch(std::move(response), flags);
}

}  // namespace neso
