#include "ensemble/step_outputs.h"

#include <utility>

#include "base/block_cache.h"
#include "base/buffer.h"
#include "core/api_error.h"

namespace neso {
namespace {

// What an output's buffer belongs to: one of both, or neither for no bytes.
struct Holder {
  BufferRef ours;
  const ResponseAllocator* theirs = nullptr;
  void* their_userp = nullptr;
};

Holder* MakeHolder() { return new (TakeBlock(sizeof(Holder))) Holder(); }

void Drop(Holder* holder) {
  holder->~Holder();
  GiveBlock(holder, sizeof(Holder));
}

// The C ABI takes the allocator without const and does not change it.
TRITONSERVER_ResponseAllocator* Handle(const ResponseAllocator* allocator) {
  return const_cast<ResponseAllocator*>(allocator);
}

}  // namespace

// The C ABI's functions.
struct StepAllocatorFunctions {
  static TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator*, const char* name, size_t byte_size,
                                      TRITONSERVER_MemoryType preferred, int64_t preferred_id, void* userp,
                                      void** buffer, void** buffer_userp, TRITONSERVER_MemoryType* actual,
                                      int64_t* actual_id) {
    const auto& outputs = *static_cast<const StepOutputs*>(userp);
    auto* const holder = MakeHolder();
    *buffer = nullptr;
    *buffer_userp = holder;
    if (const EnsembleGraph::Tensor* const tensor = outputs.PlacedByRequester(name)) {
      const ResponseAllocator* const theirs = outputs.requester->allocator();
      TRITONSERVER_Error* const error =
          theirs->alloc(Handle(theirs), tensor->name.c_str(), byte_size, preferred, preferred_id,
                        outputs.requester->allocator_userp(), buffer, &holder->their_userp, actual, actual_id);
      error == nullptr ? void(holder->theirs = theirs) : Drop(holder);
      return error;
    }
    *actual = TRITONSERVER_MEMORY_CPU;
    *actual_id = 0;
    if (byte_size == 0) return nullptr;
    holder->ours = Buffer::TryAllocate(byte_size);
    if (holder->ours) {
      *buffer = holder->ours->data();
      return nullptr;
    }
    Drop(holder);
    return MakeApiError(Unavailable("no memory for output '{}' of {} bytes", name, byte_size));
  }

  static bool Borrow(const char* name, const LentMemory& memory, void* userp, void** buffer_userp) {
    const auto& outputs = *static_cast<const StepOutputs*>(userp);
    auto* const holder = MakeHolder();
    if (const EnsembleGraph::Tensor* const tensor = outputs.PlacedByRequester(name)) {
      const ResponseAllocator* const theirs = outputs.requester->allocator();
      if (theirs->borrow != nullptr &&
          theirs->borrow(tensor->name.c_str(), memory, outputs.requester->allocator_userp(), &holder->their_userp)) {
        holder->theirs = theirs;
      }
    } else {
      holder->ours = Buffer::TryBorrow(memory.data, memory.byte_size, memory.give_back, memory.owner);
    }
    if (holder->theirs == nullptr && !holder->ours) {
      Drop(holder);
      return false;
    }
    *buffer_userp = holder;
    return true;
  }

  static TRITONSERVER_Error* Release(TRITONSERVER_ResponseAllocator*, void* buffer, void* buffer_userp,
                                     size_t byte_size, TRITONSERVER_MemoryType type, int64_t id) {
    auto* const holder = static_cast<Holder*>(buffer_userp);
    TRITONSERVER_Error* error = nullptr;
    if (const ResponseAllocator* const theirs = holder->theirs) {
      error = theirs->release(Handle(theirs), buffer, holder->their_userp, byte_size, type, id);
    }
    Drop(holder);
    return error;
  }

  static TRITONSERVER_Error* Describe(TRITONSERVER_ResponseAllocator*, const char* name,
                                      TRITONSERVER_BufferAttributes* attributes, void* userp, void* buffer_userp) {
    const auto& outputs = *static_cast<const StepOutputs*>(userp);
    const auto& holder = *static_cast<const Holder*>(buffer_userp);
    if (holder.theirs == nullptr || holder.theirs->buffer_attributes == nullptr) return nullptr;
    const EnsembleGraph::Tensor& tensor = *outputs.PlacedByRequester(name);
    return holder.theirs->buffer_attributes(Handle(holder.theirs), tensor.name.c_str(), attributes,
                                            outputs.requester->allocator_userp(), holder.their_userp);
  }

  static TRITONSERVER_Error* Query(TRITONSERVER_ResponseAllocator*, void* userp, const char* name, size_t* byte_size,
                                   TRITONSERVER_MemoryType* type, int64_t* id) {
    const auto& outputs = *static_cast<const StepOutputs*>(userp);
    const EnsembleGraph::Tensor* const tensor = name == nullptr ? nullptr : outputs.PlacedByRequester(name);
    if (tensor != nullptr) {
      const ResponseAllocator* const theirs = outputs.requester->allocator();
      if (theirs->query == nullptr) return nullptr;
      return theirs->query(Handle(theirs), outputs.requester->allocator_userp(), tensor->name.c_str(), byte_size, type,
                           id);
    }
    *type = TRITONSERVER_MEMORY_CPU;
    *id = 0;
    return nullptr;
  }
};

const ResponseAllocator& StepOutputs::Allocator() {
  static const ResponseAllocator allocator = [] {
    ResponseAllocator made(StepAllocatorFunctions::Allocate, StepAllocatorFunctions::Release, nullptr);
    made.buffer_attributes = StepAllocatorFunctions::Describe;
    made.query = StepAllocatorFunctions::Query;
    made.borrow = StepAllocatorFunctions::Borrow;
    return made;
  }();
  return allocator;
}

// An allocator with a start callback is told of each response before its first output is placed, which is not known of
// outputs that several steps make.
const EnsembleGraph::Tensor* StepOutputs::PlacedByRequester(const char* output) const {
  if (!step->makes_result || requester->allocator()->start != nullptr) return nullptr;
  const EnsembleGraph::Link* const link = step->FindOutput(output);
  return link != nullptr && (*results)[link->tensor] ? &graph->tensors[link->tensor] : nullptr;
}

bool StepOutputs::HandOver(Output& from, Output& to) {
  auto* const holder = static_cast<Holder*>(from.buffer_userp());
  if (holder == nullptr || holder->theirs == nullptr) return false;
  to.TakeBuffer(from, holder->their_userp);
  Drop(holder);
  return true;
}

}  // namespace neso
