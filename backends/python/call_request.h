// What a call of another model says, read from what the worker wrote.
//
//   std::optional<CallRequest> call = ReadCall(body, segment);
//
// It is a copy, and may wait for its model as long as it takes: the worker writes to its memory at any time, and writes
// the next call where this one lay as soon as this one has been read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "neso/backend/datatype.h"
#include "protocol.h"
#include "segment.h"

namespace neso::python {

struct CallInput {
  std::string name;
  backend::DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> shape;
  std::unique_ptr<std::byte[]> data;
  uint64_t byte_size = 0;
};

// The interface wants texts that end with a zero.
struct CallRequest {
  CallRecord record{};
  std::string model;
  std::string request_id;
  std::string correlation;
  std::string parameters;
  std::vector<std::string> outputs;
  std::vector<CallInput> inputs;
};

// Nothing if `body` is no call.
std::optional<CallRequest> ReadCall(std::span<const std::byte> body, const Segment& segment);

}  // namespace neso::python
