// Tensors that requests bring, and those that answers are to have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace neso::perf {

// What is known of a tensor before it has values.
struct TensorFacts {
  std::string name, datatype;
  std::vector<int64_t> shape;  // without the batch; -1: of any size
  bool is_optional = false;
};

// Where a tensor lies in memory that the server shares. No region: it goes with the message.
struct SharedPlace {
  std::string region;
  uint64_t offset = 0, bytes = 0;
};

// Of what is no tensor: the text of an object of JSON, which goes as it is.
inline constexpr const char* kJsonDatatype = "JSON";

struct Tensor {
  std::string name, datatype;
  std::vector<int64_t> shape;
  std::string bytes;  // as the binary form of HTTP has them: little-endian, strings behind four bytes of length
  SharedPlace place = {};
};

struct PlacedOutput {
  std::string name;
  SharedPlace place;
};

// Of one request or of one step of the input data.
struct TensorSet {
  std::vector<Tensor> inputs;
  std::vector<Tensor> expected;             // what the answer is to have; empty: anything
  std::vector<PlacedOutput> outputs = {};   // where answers are to put theirs; empty: into the message
  std::optional<Nanoseconds> send_at = {};  // after the beginning, if the data says when
  std::string session = {};                 // the ID of the one that it belongs to, if the data says so
  Nanoseconds pause{0};                     // after its answer, before the session goes on
};

inline constexpr uint64_t kMostRequestBytes = uint64_t{1} << 31;

// How many elements a shape has. Errors: kUnsupported when that is more than fits into a request; kInvalidArg for a
// size below 0.
Expected<uint64_t> ElementsOf(const std::string& name, const std::vector<int64_t>& shape);

// Error: kInvalidArg "The variable-sized tensor ..." when a part of the shape is not known.
Status CheckShapeIsKnown(const std::string& name, const std::vector<int64_t>& shape);

// Whether it has as many bytes, or strings, as its shape says. Error: kInvalidArg "mismatch in the data provided ...".
Status CheckSize(const Tensor& tensor);

}  // namespace neso::perf
