// What the HTTP and the gRPC client share: errors, tensors going in and coming out, options, statistics.
//
//   tc::InferInput* input;
//   tc::Error error = tc::InferInput::Create(&input, "INPUT0", {1, 16}, "INT32");
//   if (!error.IsOk()) std::cerr << error << "\n";
//   std::unique_ptr<tc::InferInput> owner(input);
//   input->AppendRaw(bytes, byte_size);  // the bytes stay yours, and in place until the request has completed
//
// Classes, names and signatures are those that programs written for Triton's client library use (namespace tc =
// triton::client). Values are thread-compatible: one thread at a time, or only readers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace triton {
namespace client {

constexpr char kInferHeaderContentLengthHTTPHeader[] = "Inference-Header-Content-Length";

// What protobuf can hold.
constexpr int MAX_GRPC_MESSAGE_SIZE = INT32_MAX;

// Success, or what went wrong as text.
class Error {
 public:
  explicit Error(const std::string& msg = "") : msg_(msg) {}

  const std::string& Message() const { return msg_; }
  bool IsOk() const { return msg_.empty(); }

  static const Error Success;

 private:
  friend std::ostream& operator<<(std::ostream& out, const Error& error);
  std::string msg_;
};

std::ostream& operator<<(std::ostream& out, const Error& error);

// Sums over the inference requests of one client that have completed.
struct InferStat {
  size_t completed_request_count = 0;
  uint64_t cumulative_total_request_time_ns = 0;
  uint64_t cumulative_send_time_ns = 0;
  uint64_t cumulative_receive_time_ns = 0;
};

// A parameter of a request for the model. `type` is "string", "int" or "bool" ("true" is true); others are left out.
struct RequestParameter {
  std::string name;
  std::string value;
  std::string type;
};

struct InferOptions {
  explicit InferOptions(const std::string& model_name) : model_name_(model_name) {}

  std::string model_name_;
  std::string model_version_;  // empty: the server chooses
  std::string request_id_;     // comes back in the result

  // A sequence is named by a number or by a text; neither: the request belongs to none.
  uint64_t sequence_id_ = 0;
  std::string sequence_id_str_;
  bool sequence_start_ = false;
  bool sequence_end_ = false;

  uint64_t priority_ = 0;        // 0: the model's default
  uint64_t server_timeout_ = 0;  // microseconds in the server's queue; 0: as the model says
  uint64_t client_timeout_ = 0;  // microseconds until this side gives up ("Deadline Exceeded"); 0: never

  // gRPC streams: a decoupled model's last, empty response is passed on, too.
  bool triton_enable_empty_final_response_ = false;

  std::unordered_map<std::string, RequestParameter> request_parameters;
};

// A tensor that goes to the server.
class InferInput {
 public:
  // `infer_input` is the caller's. `dims` is the whole shape, batch dimension included; `datatype` as "FP32".
  static Error Create(InferInput** infer_input, const std::string& name, const std::vector<int64_t>& dims,
                      const std::string& datatype);

  const std::string& Name() const { return name_; }
  const std::string& Datatype() const { return datatype_; }
  const std::vector<int64_t>& Shape() const { return shape_; }
  Error SetShape(const std::vector<int64_t>& dims);

  // Forgets all data, that in shared memory too, for the next request.
  Error Reset();

  // Further data in row-major order, behind what was appended before. It is not copied.
  Error AppendRaw(const std::vector<uint8_t>& input);
  Error AppendRaw(const uint8_t* input, size_t input_byte_size);
  // Elements of a BYTES tensor; these are copied.
  Error AppendFromString(const std::vector<std::string>& input);

  // The data lies in a region that was registered with the server under `name`.
  Error SetSharedMemory(const std::string& name, size_t byte_size, size_t offset = 0);
  bool IsSharedMemory() const { return !region_.empty(); }
  Error SharedMemoryInfo(std::string* name, size_t* byte_size, size_t* offset) const;

  // The first piece that was appended; null and 0 if there is none.
  Error RawData(const uint8_t** buf, size_t* byte_size);
  // All pieces together.
  Error ByteSize(size_t* byte_size) const;

  // HTTP only: as bytes behind the JSON (the default), or as "data" within it.
  bool BinaryData() const { return binary_data_; }
  Error SetBinaryData(bool binary_data);

  using Pieces = std::vector<std::pair<const uint8_t*, size_t>>;
  const Pieces& RawPieces() const { return pieces_; }

 private:
  InferInput(const std::string& name, const std::vector<int64_t>& dims, const std::string& datatype);

  const std::string name_;
  const std::string datatype_;
  std::vector<int64_t> shape_;
  Pieces pieces_;
  std::list<std::string> strings_;  // what AppendFromString() made; pieces point here
  bool binary_data_ = true;
  std::string region_;
  size_t region_byte_size_ = 0;
  size_t region_offset_ = 0;
};

// A tensor that is wanted back, and how.
class InferRequestedOutput {
 public:
  // `infer_output` is the caller's. `class_count` > 0: the best classes instead of the values.
  static Error Create(InferRequestedOutput** infer_output, const std::string& name, size_t class_count = 0,
                      const std::string& datatype = "");

  const std::string& Name() const { return name_; }
  const std::string& Datatype() const { return datatype_; }
  size_t ClassificationCount() const { return class_count_; }

  // The server writes the tensor into a region that was registered under `region_name`.
  Error SetSharedMemory(const std::string& region_name, size_t byte_size, size_t offset = 0);
  Error UnsetSharedMemory();
  bool IsSharedMemory() const { return !region_.empty(); }
  Error SharedMemoryInfo(std::string* name, size_t* byte_size, size_t* offset) const;

  // HTTP only: as bytes behind the JSON (the default), or as "data" within it.
  bool BinaryData() const { return binary_data_; }
  Error SetBinaryData(bool binary_data);

 private:
  InferRequestedOutput(const std::string& name, size_t class_count, const std::string& datatype);

  const std::string name_;
  const std::string datatype_;
  const size_t class_count_;
  bool binary_data_ = true;
  std::string region_;
  size_t region_byte_size_ = 0;
  size_t region_offset_ = 0;
};

// The answer to one inference request, or why there is none. Pointers it gives are valid as long as it lives.
class InferResult {
 public:
  virtual ~InferResult() = default;

  virtual Error ModelName(std::string* name) const = 0;
  virtual Error ModelVersion(std::string* version) const = 0;
  virtual Error Id(std::string* id) const = 0;

  virtual Error Shape(const std::string& output_name, std::vector<int64_t>* shape) const = 0;
  virtual Error Datatype(const std::string& output_name, std::string* datatype) const = 0;
  virtual Error RawData(const std::string& output_name, const uint8_t** buf, size_t* byte_size) const = 0;
  // The elements of a BYTES tensor.
  virtual Error StringData(const std::string& output_name, std::vector<std::string>* string_result) const = 0;

  // Whether it is the request's last response.
  virtual Error IsFinalResponse(bool* is_final_response) const = 0;
  // Whether it is the last response, and holds nothing.
  virtual Error IsNullResponse(bool* is_null_response) const = 0;

  virtual std::string DebugString() const = 0;
  virtual Error RequestStatus() const = 0;
};

// Six points in time of one request.
class RequestTimers {
 public:
  enum class Kind { REQUEST_START, REQUEST_END, SEND_START, SEND_END, RECV_START, RECV_END, COUNT__ };

  RequestTimers() { Reset(); }

  Error Reset();
  // Nanoseconds of a clock that only moves on; 0: not taken.
  uint64_t Timestamp(Kind kind) const { return timestamps_[static_cast<size_t>(kind)]; }
  uint64_t CaptureTimestamp(Kind kind);
  // UINT64_MAX if either was not taken, or `end` is before `start`.
  uint64_t Duration(Kind start, Kind end) const;

 private:
  std::array<uint64_t, static_cast<size_t>(Kind::COUNT__)> timestamps_;
};

class StatRecorder;

// What both clients are.
class InferenceServerClient {
 public:
  // They get results of their own to delete, on the client's worker thread.
  using OnCompleteFn = std::function<void(InferResult*)>;
  using OnMultiCompleteFn = std::function<void(std::vector<InferResult*>)>;

  explicit InferenceServerClient(bool verbose);
  virtual ~InferenceServerClient();
  InferenceServerClient(const InferenceServerClient&) = delete;
  InferenceServerClient& operator=(const InferenceServerClient&) = delete;

  // Thread-safe.
  Error ClientInferStat(InferStat* infer_stat) const;

 protected:
  const bool verbose_;
  const std::unique_ptr<StatRecorder> stats_;
};

}  // namespace client
}  // namespace triton
