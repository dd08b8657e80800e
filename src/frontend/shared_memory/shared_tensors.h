// The tensors of one request that lie in clients' memory: inputs are read there and outputs written there, uncopied.
//
//   SharedTensors shared(regions);
//   RETURN_IF_ERROR(shared.AddInput(request, "INPUT0", {.region = "in", .byte_size = 64}));
//   RETURN_IF_ERROR(shared.AddOutput("OUTPUT0", {.region = "out", .byte_size = 64}));
//   ...                                           // in the response allocator:
//   if (const RegionSlice* slice = shared.FindOutput(name)) RETURN_IF_ERROR(PlaceOutput(*slice, name, size, place));
//   ...                                           // when the response is there:
//   RETURN_IF_ERROR(shared.CheckIntact());
//
// Regions stay mapped as long as this object lives.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/name_index.h"
#include "core/request.h"
#include "frontend/shared_memory/shared_memory_manager.h"

namespace neso {

// What a request says about a tensor. Without an offset it is 0.
struct SharedTensor {
  std::string_view region;
  uint64_t offset = 0;
  uint64_t byte_size = 0;
};

// Thread-compatible; not changed while the request runs.
class SharedTensors {
 public:
  // `regions` outlives this object.
  explicit SharedTensors(const SharedMemoryManager& regions) : regions_(regions) {}
  SharedTensors(const SharedTensors&) = delete;
  SharedTensors& operator=(const SharedTensors&) = delete;

  // Errors of both: kUnsupported, or what SharedMemoryManager::Find gives.
  // The input is there already, without data.
  Status AddInput(InferenceRequest& request, std::string_view input, const SharedTensor& tensor);
  Status AddOutput(std::string_view output, const SharedTensor& tensor);

  bool has_outputs() const { return !outputs_.empty(); }
  // Null for an output that the client did not place.
  const RegionSlice* FindOutput(std::string_view output) const {
    const Placed* const placed = index_.Find(std::span(outputs_), output, &Placed::first);
    return placed == nullptr ? nullptr : &placed->second;
  }

  // The request is being answered: regions that were unregistered meanwhile need be listed no longer for its sake, so
  // that whoever has the answer does not find them. They stay mapped.
  void EndUse() { uses_.clear(); }

  // Error: kInvalidArg when memory of a region was gone while the request ran: what was computed means nothing.
  Status CheckIntact() const;

 private:
  using Placed = std::pair<std::string, RegionSlice>;

  const SharedMemoryManager& regions_;
  std::vector<std::shared_ptr<Region>> inputs_;
  std::vector<std::shared_ptr<const void>> uses_;
  std::vector<Placed> outputs_;
  NameIndex index_;
};

// Where a response allocator says that an output is.
struct OutputPlace {
  void** buffer;
  TRITONSERVER_MemoryType* memory_type;
  int64_t* memory_type_id;
};
// Errors: kInternal with the contract's text when the client's memory is too small.
Status PlaceOutput(const RegionSlice& slice, std::string_view output, size_t byte_size, const OutputPlace& place);

// What an allocator answers when the server has no memory for an output that is not in the client's.
inline Status NoOutputMemory(std::string_view output, size_t byte_size) {
  return Unavailable("no memory for output '{}' of {} bytes", output, byte_size);
}

// A front end's response allocator: `alloc` and `release`, and a function that tells backends beforehand where an
// output will be. For requests with outputs in clients' memory, of which `kOf` finds the tensors, another tells of GPU
// memory's IPC handle; others are spared the call.
template <const SharedTensors& (*kOf)(void* allocator_userp)>
ResponseAllocator MakeResponseAllocator(TRITONSERVER_ResponseAllocatorAllocFn_t alloc,
                                        TRITONSERVER_ResponseAllocatorReleaseFn_t release, bool has_shared_outputs) {
  ResponseAllocator allocator(alloc, release, nullptr);
  allocator.query = [](TRITONSERVER_ResponseAllocator*, void*, const char*, size_t*,
                       TRITONSERVER_MemoryType* memory_type, int64_t* memory_type_id) -> TRITONSERVER_Error* {
    *memory_type = TRITONSERVER_MEMORY_CPU;
    *memory_type_id = 0;
    return nullptr;
  };
  if (!has_shared_outputs) return allocator;
  allocator.query = [](TRITONSERVER_ResponseAllocator*, void* userp, const char* name, size_t*,
                       TRITONSERVER_MemoryType* memory_type, int64_t* memory_type_id) -> TRITONSERVER_Error* {
    const RegionSlice* const slice = name == nullptr ? nullptr : kOf(userp).FindOutput(name);
    const RegionMemory memory = slice == nullptr ? RegionMemory() : slice->region->memory();
    *memory_type = static_cast<TRITONSERVER_MemoryType>(memory.type);
    *memory_type_id = memory.device_id;
    return nullptr;
  };
  allocator.buffer_attributes = [](TRITONSERVER_ResponseAllocator*, const char* name,
                                   TRITONSERVER_BufferAttributes* attributes, void* userp,
                                   void*) -> TRITONSERVER_Error* {
    const RegionSlice* const slice = kOf(userp).FindOutput(name);
    if (slice != nullptr) {
      static_cast<BufferAttributes*>(attributes)->cuda_ipc_handle = slice->region->memory().cuda_ipc_handle;
    }
    return nullptr;
  };
  return allocator;
}

}  // namespace neso
