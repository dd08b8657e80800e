// Requests that fill rows of a batch: made like others, and answered to nobody.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/model.h"
#include "core/request.h"
#include "core/response.h"
#include "core/sequence_state.h"

namespace neso {
namespace {

using Zeros = std::shared_ptr<const std::vector<std::byte>>;

// What its inputs point into.
struct Data {
  Zeros zeros;
  std::unique_ptr<SequenceStates> states;
};

TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator*, const char*, size_t byte_size, TRITONSERVER_MemoryType,
                             int64_t, void*, void** buffer, void** buffer_userp, TRITONSERVER_MemoryType* actual,
                             int64_t* actual_id) {
  *buffer = ::operator new(byte_size);
  *buffer_userp = nullptr;
  *actual = TRITONSERVER_MEMORY_CPU;
  *actual_id = 0;
  return nullptr;
}

TRITONSERVER_Error* Free(TRITONSERVER_ResponseAllocator*, void* buffer, void*, size_t, TRITONSERVER_MemoryType,
                         int64_t) {
  ::operator delete(buffer);
  return nullptr;
}

void DropResponse(TRITONSERVER_InferenceResponse* response, uint32_t, void*) {
  delete static_cast<InferenceResponse*>(response);
}

void DropRequest(TRITONSERVER_InferenceRequest* request, uint32_t, void* userp) {
  delete static_cast<InferenceRequest*>(request);
  delete static_cast<Data*>(userp);
}

}  // namespace

// A zero in place of its length makes each string an empty one.
size_t InferenceRequest::NullByteSize(const Input& input) {
  if (input.datatype() != DataType::kBytes) return input.byte_size();
  return sizeof(uint32_t) * static_cast<size_t>(std::max<int64_t>(ElementCount(input.shape()), 0));
}

std::unique_ptr<InferenceRequest> InferenceRequest::CreateNull(const InferenceRequest& like, Zeros zeros) {
  static const ResponseAllocator allocator(&Allocate, &Free, nullptr);
  std::unique_ptr<InferenceRequest> request = Create(like.model_, like.requested_version_);
  request->is_null_ = true;
  request->start_ns_ = like.start_ns_;
  request->queue_start_ns_ = like.queue_start_ns_;
  for (const Input& input : like.own_inputs()) {
    Input& copy = request->NewInput(input.name(), input.datatype(), input.original_shape());
    copy.shape_ = input.shape();
    InputBuffer& buffer = copy.buffers_.emplace_back();
    buffer.base = zeros->data();
    buffer.attributes.byte_size = NullByteSize(input);
    copy.byte_size_ = buffer.attributes.byte_size;
  }
  request->input_index_.Update(request->inputs(), &Input::name);
  request->SetResponseCallback(&allocator, nullptr, &DropResponse, nullptr);
  auto data = std::make_unique<Data>();
  data->zeros = std::move(zeros);
  if (like.sequence_states != nullptr) {
    data->states = like.sequence_states->MakeZeros();
    data->states->InjectInto(*request);
    request->sequence_states = data->states.get();
  }
  request->SetReleaseCallback(&DropRequest, data.release());
  request->Arm();
  // No response of it is a first one that somebody waited for.
  request->factory_->any_sent_.store(true, std::memory_order_relaxed);
  request->model_->BeginRequest();
  return request;
}

}  // namespace neso
