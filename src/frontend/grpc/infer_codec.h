// A ModelInferRequest read from its wire format without copying: names and tensors are views into the message.
//
//   WireInferRequest request;
//   if (!ParseInferRequest(message, request)) return Internal("Unable to parse request");
//   request.raw_contents[0];   // the first input's tensor, where the network put it
//
// Accepts and reads what the generated parser does (infer_codec_fuzz.cc holds them equal), repeated and merged fields
// included. Source: gRPC service of the protocol (grpc_service.proto), protobuf encoding.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/block_cache.h"
#include "core/types.h"
#include "frontend/request_limits.h"

namespace neso {

// An entry of a `parameters` map; the alternatives of InferParameter, the first for none.
using WireValue = std::variant<std::monostate, bool, int64_t, std::string_view, double, uint64_t>;
struct WireParameter {
  std::string_view name;
  WireValue value;
};
// Names are unique; null: none of that name.
using WireParameters = std::vector<WireParameter>;
const WireValue* FindParameter(const WireParameters& parameters, std::string_view name);

// The field numbers of InferTensorContents.
enum class ContentsKind : uint8_t { kBool = 1, kInt, kInt64, kUint, kUint64, kFp32, kFp64, kBytes };
inline constexpr size_t kContentsKinds = 9;

// An InferTensorContents, checked and counted but not converted.
struct WireContents {
  std::vector<std::string_view> pieces;           // usually one; the fields of all of them count
  std::array<uint64_t, kContentsKinds> counts{};  // elements by kind
  uint64_t text_bytes = 0;                        // of all elements of bytes_contents together
  uint64_t count(ContentsKind kind) const { return counts[static_cast<size_t>(kind)]; }
};

struct WireInput {
  std::string_view name;
  std::string_view datatype;
  std::vector<int64_t, BlockAllocator<int64_t>> shape;
  WireParameters parameters;
  std::optional<WireContents> contents;
};

struct WireOutput {
  std::string_view name;
  WireParameters parameters;
};

// Of what a field of two bytes can make much more of: dimensions, and parameters and contents of tensors. More than the
// most tensors need that a request may have.
inline constexpr size_t kMaxWireFields = 200'000;

struct WireInferRequest {
  std::string_view model_name;
  std::string_view model_version;
  std::string_view id;
  WireParameters parameters;
  std::vector<WireInput, BlockAllocator<WireInput>> inputs;
  std::vector<WireOutput> outputs;
  std::vector<std::string_view, BlockAllocator<std::string_view>> raw_contents;
  // How many there are in the message. What is beyond the limits was counted, not read.
  RequestCounts counts;
  size_t fields = 0;  // those of kMaxWireFields
};

// False: not a ModelInferRequest. Precondition: `request` is fresh. A message beyond the limits is taken for one, and
// costs no memory beyond them: `counts` and `fields` tell.
bool ParseInferRequest(std::string_view message, WireInferRequest& request);

// Bytes that WriteContents writes for the elements of `kind` as tensor elements of `width` bytes; BYTES elements have
// their lengths before them, `width` does not count then.
uint64_t ContentsBytes(const WireContents& contents, ContentsKind kind, size_t width);
// The elements of `kind`, the low `width` bytes of each.
void WriteContents(const WireContents& contents, ContentsKind kind, size_t width, char* out);

}  // namespace neso
