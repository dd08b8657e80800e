#include "frontend/running_request.h"

#include <new>
#include <utility>

#include "base/block_cache.h"
#include "base/exception_status.h"
#include "base/memory_budget.h"
#include "core/api_error.h"
#include "frontend/request_places.h"

namespace neso {
namespace {
// What a request takes beside its tensors while it waits and runs (measured: 2.2 KB), which a client asks for with 40
// bytes.
constexpr size_t kRequestBytes = 2048;
}  // namespace

RunningRequest::RunningRequest(const SharedMemoryManager& regions) : tensors_(regions) {
  MemoryBudget::ChargeSmall(kRequestBytes);
}

RunningRequest::~RunningRequest() {
  LeavePlace();
  MemoryBudget::ReleaseSmall(kRequestBytes);
}

void RunningRequest::LeavePlace() {
  if (std::exchange(has_place_, false)) RequestPlaces::OfProcess().Leave();
}

Status RunningRequest::SubmitRequest(std::unique_ptr<InferenceRequest>& request, std::shared_ptr<RequestTrace> trace) {
  has_place_ = RequestPlaces::OfProcess().TryTake();
  if (!has_place_) return Unavailable("{}", RequestPlaces::OfProcess().RefusalText());
  request->SetResponseCallback(&Allocator(shared().has_outputs()), this, OnResponseComplete, this);
  request->SetReleaseCallback(OnRelease, this);
  factory_ = request->shared_response_factory();
  if (stage_.exchange(Stage::kSubmitted, std::memory_order_acq_rel) == Stage::kCancelled) {
    return Cancelled("request was cancelled");
  }
  trace_ = std::move(trace);
  until_response_ = shared_from_this();
  until_release_ = until_response_;
  // Once submitted, everything of this object belongs to the callbacks.
  Status status = InferenceRequest::Submit(request, trace_ == nullptr ? nullptr : trace_->NewCoreTrace());
  if (!status.ok()) {
    const std::shared_ptr<RunningRequest> self = std::move(until_release_);
    until_response_.reset();
    LeavePlace();
  }
  return status;
}

void RunningRequest::Cancel() {
  if (stage_.exchange(Stage::kCancelled, std::memory_order_acq_rel) != Stage::kSubmitted) return;
  if (const std::shared_ptr<ResponseFactory> factory = factory_.lock()) factory->Cancel();
}

Status RunningRequest::CheckResponse(const InferenceResponse& response) const {
  return response.status().ok() ? shared().CheckIntact() : response.status();
}

const ResponseAllocator& RunningRequest::Allocator(bool has_shared_outputs) {
  const auto make = [](bool for_shared_outputs) {
    ResponseAllocator made = MakeResponseAllocator<SharedOf>(Allocate, ReleaseBuffer, for_shared_outputs);
    made.borrow = Borrow;
    return made;
  };
  static const ResponseAllocator allocator = make(false);
  static const ResponseAllocator shared_allocator = make(true);
  return has_shared_outputs ? shared_allocator : allocator;
}

// A buffer goes with its response, of which a decoupled request has many.
TRITONSERVER_Error* RunningRequest::Allocate(TRITONSERVER_ResponseAllocator*, const char* name, size_t byte_size,
                                             TRITONSERVER_MemoryType, int64_t, void* userp, void** buffer,
                                             void** buffer_userp, TRITONSERVER_MemoryType* actual, int64_t* actual_id) {
  *buffer = nullptr;
  *buffer_userp = nullptr;
  *actual = TRITONSERVER_MEMORY_CPU;
  *actual_id = 0;
  if (const SharedTensors& shared = SharedOf(userp); shared.has_outputs()) {
    if (const RegionSlice* slice = shared.FindOutput(name); slice != nullptr) {
      return MakeApiError(PlaceOutput(*slice, name, byte_size, {buffer, actual, actual_id}));
    }
  }
  if (byte_size == 0) return nullptr;
  BufferRef memory = Buffer::TryAllocate(byte_size);
  if (!memory) return MakeApiError(NoOutputMemory(name, byte_size));
  auto* owner = new (TakeBlock(sizeof(BufferRef))) BufferRef(std::move(memory));
  *buffer = (*owner)->data();
  *buffer_userp = owner;
  return nullptr;
}

bool RunningRequest::Borrow(const char* name, const LentMemory& memory, void* userp, void** buffer_userp) {
  const auto& run = *static_cast<RunningRequest*>(userp);
  if (!run.SendsAsItIs(name)) return false;
  if (run.shared().has_outputs() && run.shared().FindOutput(name) != nullptr) return false;
  void* const block = TryTakeBlock(sizeof(BufferRef));
  if (block == nullptr) return false;
  BufferRef buffer = Buffer::TryBorrow(memory.data, memory.byte_size, memory.give_back, memory.owner);
  if (!buffer) {
    GiveBlock(block, sizeof(BufferRef));
    return false;
  }
  *buffer_userp = new (block) BufferRef(std::move(buffer));
  return true;
}

TRITONSERVER_Error* RunningRequest::ReleaseBuffer(TRITONSERVER_ResponseAllocator*, void*, void* buffer_userp, size_t,
                                                  TRITONSERVER_MemoryType, int64_t) {
  auto* const owner = static_cast<BufferRef*>(buffer_userp);
  if (owner == nullptr) return nullptr;
  owner->~BufferRef();
  GiveBlock(owner, sizeof(BufferRef));
  return nullptr;
}

void RunningRequest::OnResponseComplete(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp) {
  auto* run = static_cast<RunningRequest*>(userp);
  if (run->trace_ != nullptr) run->trace_->Report("INFER_RESPONSE_COMPLETE");
  const bool is_final = (flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0;
  const std::shared_ptr<RunningRequest> self = is_final ? std::move(run->until_response_) : nullptr;
  std::unique_ptr<InferenceResponse> owned(static_cast<InferenceResponse*>(response));
  if (!owned && !is_final) return;
  // Who has got the answer may ask again.
  if (is_final) run->LeavePlace();
  try {
    run->OnResponse(std::move(owned), is_final);
  } catch (...) {
    run->OnFailure(StatusOfException(), is_final);
  }
}

void RunningRequest::OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp) {
  if ((flags & TRITONSERVER_REQUEST_RELEASE_ALL) == 0) return;
  auto* run = static_cast<RunningRequest*>(userp);
  const std::shared_ptr<RunningRequest> self = std::move(run->until_release_);
  delete static_cast<InferenceRequest*>(request);
}

}  // namespace neso
