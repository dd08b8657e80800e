// A server of the C interface small enough for unit tests of backends: one model, one instance, answers kept in memory.
//
//   FakeServer server(R"({"name":"m","max_batch_size":4,"input":[...],"output":[...]})");
//   server.Load();                                          // the entry points linked into the test
//   FakeRequest request = MakeRequest({MakeInput<float>("INPUT0", {1, 2}, {1.0f, 2.0f})});
//   server.Execute({&request});
//   EXPECT_EQ(request.responses[0].Values<float>("OUTPUT0"), ...);
//
// The opaque structs of the C interface are plain structs here. It checks what a real server relies on: outputs of one
// response are complete before those of the next begin, one final response for each request, nothing touched after
// release.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "triton/core/tritonbackend.h"

struct TRITONBACKEND_Input {
  std::string name;
  TRITONSERVER_DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> shape;
  std::vector<std::vector<std::byte>> pieces;
  size_t misalignment = 0;  // bytes cut from the front of each piece
  TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
};

using FakeParameter = std::variant<std::string, int64_t, bool, double>;

struct TRITONBACKEND_Output {
  TRITONSERVER_DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<int64_t> shape;
  std::vector<std::byte> bytes;
  TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
};

// A response as it was sent.
struct FakeResponse {
  std::map<std::string, TRITONBACKEND_Output> outputs;
  std::map<std::string, FakeParameter> parameters;
  std::string error;
  bool failed = false;
  bool final = false;

  template <typename T>
  std::vector<T> Values(const std::string& output) const {
    const std::vector<std::byte>& bytes = outputs.at(output).bytes;
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
};

struct TRITONBACKEND_State {
  TRITONBACKEND_Output value;
  std::string name;
  struct TRITONBACKEND_Request* request = nullptr;
};

struct TRITONBACKEND_Request {
  std::string id;
  uint64_t correlation_id = 0;
  uint32_t flags = 0;
  bool cancelled = false;
  std::vector<TRITONBACKEND_Input> inputs;
  std::vector<std::string> requested_outputs;                            // empty: all of the model's
  TRITONSERVER_MemoryType output_memory_type = TRITONSERVER_MEMORY_CPU;  // where the client wants its outputs
  std::vector<std::pair<std::string, FakeParameter>> parameters;

  // What became of it.
  std::vector<FakeResponse> responses;
  std::map<std::string, TRITONBACKEND_Output> states;
  int releases = 0;
  int statistics = 0;  // reports
  bool succeeded = false;
  bool ended = false;  // the final flag was seen
  std::vector<std::string> activities;
  TRITONSERVER_InferenceTrace* trace = nullptr;
  std::vector<std::shared_ptr<TRITONBACKEND_State>> open_states;  // shared: requests are copied before they are run
};
using FakeRequest = TRITONBACKEND_Request;

// A trace hands activities to its request.
struct TRITONSERVER_InferenceTrace {
  TRITONBACKEND_Request* request = nullptr;
};

class FakeServer {
 public:
  // `config` is the model's configuration as JSON.
  explicit FakeServer(std::string config);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  // Initialises backend, model and instance; the first error's text, "" for success.
  std::string Load();
  // Runs the instance on them; the returned error's text.
  std::string Execute(std::vector<FakeRequest*> requests);

  TRITONBACKEND_Model* model();
  TRITONBACKEND_ModelInstance* instance();
  // The configuration that the backend set, or the first one.
  const std::string& config() const;
  // The batch size of each execution that was reported.
  const std::vector<uint64_t>& batches() const;

  // Faults that the next calls meet.
  static void set_api_minor(uint32_t minor);
  // Copies from and to memory that says it is a GPU's, since the server was made; it is the host's in truth.
  static size_t gpu_copies();
  // What was logged as an error.
  static std::vector<std::string>& errors_logged();
  // Violations of the interface's rules; tests expect none.
  static std::vector<std::string>& violations();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

template <typename T>
TRITONSERVER_DataType FakeDataType();
template <>
inline TRITONSERVER_DataType FakeDataType<float>() {
  return TRITONSERVER_TYPE_FP32;
}
template <>
inline TRITONSERVER_DataType FakeDataType<int32_t>() {
  return TRITONSERVER_TYPE_INT32;
}

template <typename T>
TRITONBACKEND_Input MakeInput(std::string name, std::vector<int64_t> shape, const std::vector<T>& values) {
  TRITONBACKEND_Input input{std::move(name), FakeDataType<T>(), std::move(shape), {}};
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  input.pieces.push_back(std::move(bytes));
  return input;
}
TRITONBACKEND_Input MakeStringInput(std::string name, std::vector<int64_t> shape, std::vector<std::string> values);
FakeRequest MakeRequest(std::vector<TRITONBACKEND_Input> inputs);
