// An input of a request: its properties and its bytes, which may lie in several pieces, also in a GPU's memory.
//
//   NESO_ASSIGN_OR_RETURN(const Input image, request.input("IMAGE"));
//   NESO_RETURN_IF_ERROR(image.CopyTo(pixels));
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "neso/backend/datatype.h"
#include "neso/backend/memory.h"
#include "neso/backend/status.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

struct InputPiece {
  std::span<const std::byte> bytes;  // not to be touched by the CPU if they lie on a GPU
  Place place;
};

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

  // One piece, 0 <= index < buffer_count, wherever it lies.
  Result<InputPiece> Piece(uint32_t index) const {
    const void* data = nullptr;
    uint64_t size = 0;
    Place place;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_InputBuffer(handle, index, &data, &size, &place.type, &place.id));
    return InputPiece{.bytes = {static_cast<const std::byte*>(data), size}, .place = place};
  }

  // One piece, in memory that the CPU can read. UNSUPPORTED if it lies in GPU memory.
  Result<std::span<const std::byte>> Buffer(uint32_t index) const {
    NESO_ASSIGN_OR_RETURN(const InputPiece piece, Piece(index));
    if (piece.place.on_gpu()) {
      return Status::Unsupported("input '", name, "': expected CPU memory, got memory of GPU ", piece.place.id);
    }
    return piece.bytes;
  }

  // All bytes, one piece after the other, wherever they lie. INTERNAL if `to` does not have exactly byte_size bytes,
  // UNSUPPORTED for memory of a GPU that the server does not copy from.
  Status CopyTo(std::span<std::byte> to, Place to_place = Place::Cpu()) const {
    for (uint32_t i = 0; i < buffer_count; ++i) {
      NESO_ASSIGN_OR_RETURN(const InputPiece piece, Piece(i));
      const size_t size = piece.bytes.size();
      if (size > to.size()) return Status::Internal("input '", name, "' has more bytes than expected");
      const Status copied = CopyMemory(to.data(), to_place, piece.bytes.data(), piece.place, size);
      if (!copied.ok()) return Status(copied.code(), Concat("input '", name, "': ", copied.message()));
      to = to.subspan(size);
    }
    if (!to.empty()) return Status::Internal("input '", name, "': ", to.size(), " bytes are missing");
    return {};
  }
};

}  // namespace neso::backend
