// An input of a request: its properties and its bytes, which may lie in several pieces.
//
//   NESO_ASSIGN_OR_RETURN(const Input image, request.input("IMAGE"));
//   NESO_RETURN_IF_ERROR(image.CopyTo(pixels));
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "neso/backend/datatype.h"
#include "neso/backend/status.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

// A view; valid until the request is released.
struct Input {
  TRITONBACKEND_Input* handle = nullptr;
  const char* name = "";
  DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::span<const int64_t> shape;  // with the batch dimension if the model batches
  uint64_t byte_size = 0;
  uint32_t buffer_count = 0;

  static Result<Input> Of(TRITONBACKEND_Input* handle) {
    Input input;
    input.handle = handle;
    const int64_t* dims = nullptr;
    uint32_t rank = 0;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_InputProperties(handle, &input.name, &input.datatype, &dims, &rank,
                                                       &input.byte_size, &input.buffer_count));
    input.shape = {dims, rank};
    return input;
  }

  // One piece, 0 <= index < buffer_count, in memory that the CPU can read. UNSUPPORTED if it lies in GPU memory.
  Result<std::span<const std::byte>> Buffer(uint32_t index) const {
    const void* data = nullptr;
    uint64_t size = 0;
    TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
    int64_t memory_type_id = 0;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_InputBuffer(handle, index, &data, &size, &memory_type, &memory_type_id));
    if (memory_type == TRITONSERVER_MEMORY_GPU) {
      return Status::Unsupported("input '", name, "': expected CPU memory, got memory of GPU ", memory_type_id);
    }
    return std::span<const std::byte>(static_cast<const std::byte*>(data), size);
  }

  // All bytes, one piece after the other. INTERNAL if `to` does not have exactly byte_size bytes.
  Status CopyTo(std::span<std::byte> to) const {
    for (uint32_t i = 0; i < buffer_count; ++i) {
      NESO_ASSIGN_OR_RETURN(const std::span<const std::byte> piece, Buffer(i));
      if (piece.size() > to.size()) return Status::Internal("input '", name, "' has more bytes than expected");
      // Not memcpy: a client may want its output where its input is, and share that memory.
      if (!piece.empty()) std::memmove(to.data(), piece.data(), piece.size());
      to = to.subspan(piece.size());
    }
    if (!to.empty()) return Status::Internal("input '", name, "': ", to.size(), " bytes are missing");
    return {};
  }
};

}  // namespace neso::backend
