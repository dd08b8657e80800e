#include "response_decoder.h"

#include <cstring>
#include <string>

#include "neso/backend/json.h"

namespace neso::python {
namespace {

using backend::Response;
using backend::Status;

Status SetParameters(Response& response, std::string_view json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return Status::Internal("a response's parameters are no JSON");
  for (const auto& [name, value] : document.GetObject()) {
    Status set;
    if (value.IsBool()) {
      set = response.SetParameter(name.GetString(), value.GetBool());
    } else if (value.IsInt64()) {
      set = response.SetParameter(name.GetString(), value.GetInt64());
    } else if (value.IsString()) {
      set = response.SetParameter(name.GetString(), value.GetString());
    } else {
      set = Status::InvalidArg("parameter '", name.GetString(), "': expected a bool, a 64-bit integer or a string");
    }
    NESO_RETURN_IF_ERROR(std::move(set));
  }
  return {};
}

// Below that a copy costs less than what it takes to wait for the bytes to leave.
constexpr uint64_t kSmallestLoan = 16'384;

// Memory that an output is sent from.
struct Loan {
  explicit Loan(std::shared_ptr<WorkerMemory> memory) : memory(std::move(memory)) {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() {
    if (held) memory->slab->Return(*held);
  }
  static void GiveBack(void* owner) { delete static_cast<Loan*>(owner); }

  const std::shared_ptr<WorkerMemory> memory;
  std::optional<uint64_t> held;  // of the slab
  OwnBlock block;                // or of the worker's
};

// nullptr if the tensor has to be copied.
std::unique_ptr<Loan> Lend(TensorRecord& tensor, const Sendable& from) {
  if (tensor.byte_size < kSmallestLoan) return nullptr;
  if (tensor.block) {
    auto loan = std::make_unique<Loan>(from.memory);
    loan->block = std::move(tensor.block);
    return loan;
  }
  if (!from.block) return nullptr;
  const std::byte* const begin = from.memory->segment->At(*from.block);
  if (tensor.data < begin || tensor.data + tensor.byte_size > begin + from.length) return nullptr;
  auto loan = std::make_unique<Loan>(from.memory);
  if (!from.memory->slab->Hold(*from.block)) return nullptr;
  loan->held = from.block;
  return loan;
}

// Where the bytes are to be copied; nullptr if they need not be.
backend::Result<std::byte*> Place(Response& response, const char* name, TensorRecord& tensor,
                                  const Sendable& sendable) {
  std::unique_ptr<Loan> loan = Lend(tensor, sendable);
  if (loan == nullptr) return response.AddOutput(name, tensor.datatype, tensor.shape, tensor.byte_size);
  NESO_ASSIGN_OR_RETURN(std::byte* const to, response.LendOutput(name, tensor.datatype, tensor.shape, tensor.data,
                                                                 tensor.byte_size, Loan::GiveBack, loan.get()));
  if (to == nullptr) {
    (void)loan.release();  // the server gives it back
  } else {
    tensor.block = std::move(loan->block);  // until it is copied
  }
  return to;
}

Status Fill(Response& response, WorkerResponse& from, const Sendable& sendable) {
  if (!from.parameters.empty()) NESO_RETURN_IF_ERROR(SetParameters(response, from.parameters));
  std::string name;
  for (TensorRecord& tensor : from.tensors) {
    name = tensor.name;
    NESO_ASSIGN_OR_RETURN(std::byte* const to, Place(response, name.c_str(), tensor, sendable));
    if (to != nullptr && tensor.byte_size != 0) std::memcpy(to, tensor.data, tensor.byte_size);
  }
  return {};
}

// Whether the bytes are those of the shape, whose numbers may be anything.
bool FitsShape(const TensorRecord& tensor) {
  const bool is_bytes = tensor.datatype == TRITONSERVER_TYPE_BYTES;
  uint64_t size = is_bytes ? sizeof(uint32_t) : backend::ByteSize(tensor.datatype);  // each string has its length
  bool overflows = false;
  for (const int64_t dimension : tensor.shape) {
    if (dimension < 0) return false;
    if (dimension == 0) return tensor.byte_size == 0;  // whatever the others are
    overflows = __builtin_mul_overflow(size, static_cast<uint64_t>(dimension), &size) || overflows;
  }
  return !overflows && (is_bytes ? size <= tensor.byte_size : size == tensor.byte_size);
}

}  // namespace

bool ReadResponse(MessageReader& reader, const Segment& segment, WorkerResponse& response) {
  const auto record = reader.Get<ResponseRecord>();
  if (record.kind > ResponseKind::kRescheduled || record.error_code > TRITONSERVER_ERROR_CANCELLED) return false;
  response.kind = record.kind;
  response.error_code = static_cast<TRITONSERVER_Error_Code>(record.error_code);
  response.tensors.clear();
  for (int i = 0; i < record.tensor_count && reader.ok(); ++i) {
    response.tensors.push_back(reader.GetTensor(segment));
    const TensorRecord& tensor = response.tensors.back();
    if (!reader.ok() || !FitsShape(tensor)) return false;
  }
  response.error = reader.GetText(record.error_length);
  response.parameters = reader.GetText(record.parameters_length);
  return reader.ok();
}

Status SendResponse(Response response, WorkerResponse& from, const Sendable& sendable, bool final) {
  if (from.kind == ResponseKind::kError) {
    return response.SendError(Status(from.error_code, std::string(from.error)), final);
  }
  Status filled = Fill(response, from, sendable);
  return filled.ok() ? response.Send(final) : response.SendError(filled, final);
}

}  // namespace neso::python
