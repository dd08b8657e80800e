#include "batch.h"

#include <algorithm>
#include <span>

#include "neso/backend/datatype.h"

namespace neso::dali {
namespace {

using backend::Input;

// For samples without bytes, since DALI takes no null pointers.
constexpr std::byte kNothing[64] = {};

// A file, of which the head is looked at before a decoder does: it must stay the same, and a client may change memory that
// it shares.
bool MayBeEncoded(const Input& input) { return input.datatype == TRITONSERVER_TYPE_UINT8 && input.shape.size() == 2; }

}  // namespace

void InputSamples::Clear() {
  samples_.tensors.clear();
  samples_.may_stay = true;
  copies_.clear();
}

Status InputSamples::Add(const Input& input, size_t first, size_t count, int64_t max_pixels) {
  NESO_ASSIGN_OR_RETURN(const std::byte* const data, Reach(input));
  const size_t element_size = backend::ByteSize(input.datatype);
  const std::span<const int64_t> shape = input.shape.subspan(1);
  const size_t size = input.byte_size / static_cast<size_t>(input.shape[0]);
  samples_.datatype = input.datatype;
  const bool aligned = reinterpret_cast<uintptr_t>(data) % std::max<size_t>(element_size, 1) == 0;
  samples_.may_stay = samples_.may_stay && aligned;
  for (size_t i = first; i < first + count; ++i) {
    if (MayBeEncoded(input)) NESO_RETURN_IF_ERROR(heads_.Check({data + i * size, size}, max_pixels));
    daliTensorDesc_t tensor{};
    tensor.ndim = static_cast<int>(shape.size());
    tensor.shape = shape.data();
    tensor.dtype = DaliTypeOf(input.datatype);
    tensor.data = const_cast<std::byte*>(data + i * size);  // only read
    samples_.tensors.push_back(tensor);
  }
  return {};
}

Result<const std::byte*> InputSamples::Reach(const Input& input) {
  if (input.byte_size == 0) return kNothing;
  NESO_ASSIGN_OR_RETURN(const backend::InputPiece piece, input.Piece(0));
  if (piece.bytes.size() != input.byte_size) {
    return BackendError("input '", input.name, "' has fewer bytes than expected");
  }
  if (!piece.place.on_gpu() && !MayBeEncoded(input)) return piece.bytes.data();
  copies_.push_back(std::make_unique_for_overwrite<std::byte[]>(input.byte_size));
  NESO_RETURN_IF_ERROR(input.CopyTo({copies_.back().get(), input.byte_size}));
  return static_cast<const std::byte*>(copies_.back().get());
}

}  // namespace neso::dali
