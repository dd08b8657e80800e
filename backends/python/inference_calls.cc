#include "inference_calls.h"

#include <cstring>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "call_request.h"
#include "message.h"
#include "neso/backend/json.h"
#include "neso/backend/log.h"
#include "parameters_writer.h"
#include "protocol.h"

namespace neso::python {

using backend::Concat;
using backend::Status;

namespace {

constexpr uint32_t ErrorFlag(TRITONSERVER_Error_Code code) { return 1 + static_cast<uint32_t>(code); }

// A response that is nothing but an error.
std::vector<std::byte> ErrorBody(TRITONSERVER_Error_Code code, std::string_view text) {
  std::vector<std::byte> body(sizeof(ResponseRecord) + text.size());
  MessageWriter writer(body.data());
  writer.Put(ResponseRecord{.kind = ResponseKind::kError,
                            .error_code = static_cast<uint8_t>(code),
                            .tensor_count = 0,
                            .error_length = static_cast<uint32_t>(text.size()),
                            .parameters_length = 0});
  writer.PutText(text);
  return body;
}

}  // namespace

bool ReplyWith(const WorkerMemory& memory, uint64_t call, uint32_t flags, std::span<const std::byte> body) {
  NesoSlot slot{.kind = static_cast<uint32_t>(Kind::kReply), .flags = flags, .id = call, .offset = 0, .length = 0};
  if (memory.channel->PushSmallReply(slot, body)) return true;
  if (!body.empty()) {
    const std::optional<uint64_t> block = memory.slab->Allocate(body.size());
    if (block) {
      std::memcpy(memory.segment->At(*block), body.data(), body.size());
      slot.offset = *block;
      slot.length = body.size();
    } else {
      slot.flags = (flags & kMore) | ErrorFlag(TRITONSERVER_ERROR_UNAVAILABLE);
    }
  }
  memory.channel->PushReply(slot);
  return slot.length == body.size();
}

void ReplyWithText(const WorkerMemory& memory, uint64_t call, uint32_t flags, std::string_view text) {
  ReplyWith(memory, call, flags, std::as_bytes(std::span(text)));
}

void ReplyWithStatus(const WorkerMemory& memory, uint64_t call, const Status& status) {
  ReplyWithText(memory, call, status.ok() ? 0 : ErrorFlag(status.code()), status.message());
}

struct RequestDeleter {
  void operator()(TRITONSERVER_InferenceRequest* request) const {
    (void)Status(TRITONSERVER_InferenceRequestDelete(request));
  }
};
using RequestPtr = std::unique_ptr<TRITONSERVER_InferenceRequest, RequestDeleter>;

struct TraceDeleter {
  void operator()(TRITONSERVER_InferenceTrace* trace) const { (void)Status(TRITONSERVER_InferenceTraceDelete(trace)); }
};
using TracePtr = std::unique_ptr<TRITONSERVER_InferenceTrace, TraceDeleter>;

// Null if `parent` is.
backend::Result<TracePtr> ChildOf(TRITONSERVER_InferenceTrace* parent) {
  TRITONSERVER_InferenceTrace* child = nullptr;
  if (parent != nullptr) NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceTraceSpawnChildTrace(parent, &child));
  return TracePtr(child);
}

// One call; the server holds it through its callbacks.
class InferenceCall final : public std::enable_shared_from_this<InferenceCall> {
 public:
  InferenceCall(std::shared_ptr<WorkerMemory> memory, uint64_t id) : memory_(std::move(memory)), id_(id) {}

  // Whether the model serves, which Start needs to know.
  Status Find(TRITONSERVER_Server* server, const CallRequest& call) {
    model_ = call.model;
    return Status(
        TRITONSERVER_ServerModelTransactionProperties(server, model_.c_str(), call.record.version, &policy_, nullptr));
  }

  // As Find and Start, and waits for a model that the server loads on demand.
  Status BringAndStart(TRITONSERVER_Server* server, CallRequest call, TracePtr trace) {
    const int64_t version = call.record.version;
    backend::Result<RequestPtr> holder =
        NewRequest(server, version);  // of the model, so that it does not leave at once
    const Status found = holder ? Find(server, call) : holder.TakeStatus();
    return found.ok() ? Start(server, std::move(call), std::move(trace)) : Refusal(server, version, found);
  }

  // After Find. On an error nobody will answer the call.
  Status Start(TRITONSERVER_Server* server, CallRequest call, TracePtr trace) {
    if ((policy_ & TRITONSERVER_TXN_DECOUPLED) != 0 && call.record.is_decoupled == 0) {
      return Status::Internal("Model ", model_,
                              " is using the decoupled transaction policy, and may answer any number of times: use "
                              "'decoupled=True' as argument of 'exec' or 'async_exec'.");
    }
    NESO_ASSIGN_OR_RETURN(RequestPtr request, NewRequest(server, call.record.version));
    inputs_ = std::move(call.inputs);
    NESO_RETURN_IF_ERROR(Fill(request.get(), call));
    return Submit(server, std::move(request), std::move(trace));
  }

  // Also before Start, which may have to wait for the model.
  void Cancel() {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    if (request_ != nullptr) (void)Status(TRITONSERVER_InferenceRequestCancel(request_));
  }

 private:
  // What a callback of the request has: one until the final response, one until the request's release.
  using Holder = std::shared_ptr<InferenceCall>;

  // Where a large output of the called model lies in the caller's memory.
  struct OutputBlock {
    std::shared_ptr<WorkerMemory> memory;
    uint64_t offset = 0;
    bool given = false;  // to the worker, which releases it
  };

  std::string ErrorText(std::string_view text) const {
    return Concat("Model ", model_, " - Error when running inference: ", text);
  }

  // Why a model that does not tell its policy cannot be called.
  Status Refusal(TRITONSERVER_Server* server, int64_t version, const Status& found) const {
    bool ready = false;
    if (!Status(TRITONSERVER_ServerModelIsReady(server, model_.c_str(), version, &ready)).ok() || ready) {
      return Status::Internal(ErrorText(found.message()));
    }
    return Status::Internal("Failed for execute the inference request. Model '", model_, "' is not ready.");
  }

  backend::Result<RequestPtr> NewRequest(TRITONSERVER_Server* server, int64_t version) const {
    TRITONSERVER_InferenceRequest* request = nullptr;
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestNew(&request, server, model_.c_str(), version));
    return RequestPtr(request);
  }

  Status Fill(TRITONSERVER_InferenceRequest* request, const CallRequest& call) const {
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetId(request, call.request_id.c_str()));
    NESO_RETURN_IF_ERROR(SetCorrelation(request, call));
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetFlags(request, call.record.flags));
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetTimeoutMicroseconds(request, call.record.timeout_us));
    if (!call.parameters.empty()) NESO_RETURN_IF_ERROR(SetParameters(request, call.parameters));
    for (const std::string& output : call.outputs) {
      NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestAddRequestedOutput(request, output.c_str()));
    }
    return AddInputs(request);
  }

  Status Submit(TRITONSERVER_Server* server, RequestPtr request, TracePtr trace) {
    auto answers = std::make_unique<Holder>(shared_from_this());
    auto release = std::make_unique<Holder>(shared_from_this());
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetReleaseCallback(request.get(), OnRelease, release.get()));
    NESO_RETURN_IF_ERROR(
        TRITONSERVER_InferenceRequestSetResponseCallback(request.get(), Allocator(), this, OnResponse, answers.get()));
    Status started = TRITONSERVER_ServerInferAsync(server, request.get(), trace.release());
    if (!started.ok()) return {TRITONSERVER_ERROR_INTERNAL, ErrorText(started.message())};
    // The callbacks' from here on, and maybe gone.
    (void)answers.release();
    (void)release.release();
    NoteSubmitted(request.release());
    return {};
  }

  void NoteSubmitted(TRITONSERVER_InferenceRequest* request) {
    const std::lock_guard lock(mutex_);
    if (is_released_) return;
    request_ = request;
    if (is_cancelled_) (void)Status(TRITONSERVER_InferenceRequestCancel(request_));
  }

  static Status SetCorrelation(TRITONSERVER_InferenceRequest* request, const CallRequest& call) {
    if (call.record.correlation_text_length == kNumber) {
      return TRITONSERVER_InferenceRequestSetCorrelationId(request, call.record.correlation_id);
    }
    return TRITONSERVER_InferenceRequestSetCorrelationIdString(request, call.correlation.c_str());
  }

  static Status SetParameters(TRITONSERVER_InferenceRequest* request, std::string_view json) {
    rapidjson::Document parameters;
    parameters.Parse(json.data(), json.size());
    if (parameters.HasParseError() || !parameters.IsObject()) return Status::InvalidArg("the parameters are no JSON");
    for (const auto& [name, value] : parameters.GetObject()) {
      Status set;
      if (value.IsBool()) {
        set = TRITONSERVER_InferenceRequestSetBoolParameter(request, name.GetString(), value.GetBool());
      } else if (value.IsInt64()) {
        set = TRITONSERVER_InferenceRequestSetIntParameter(request, name.GetString(), value.GetInt64());
      } else if (value.IsString()) {
        set = TRITONSERVER_InferenceRequestSetStringParameter(request, name.GetString(), value.GetString());
      }
      NESO_RETURN_IF_ERROR(std::move(set));
    }
    return {};
  }

  Status AddInputs(TRITONSERVER_InferenceRequest* request) const {
    for (const CallInput& input : inputs_) {
      NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestAddInput(request, input.name.c_str(), input.datatype,
                                                                 input.shape.data(), input.shape.size()));
      NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestAppendInputData(request, input.name.c_str(), input.data.get(),
                                                                        input.byte_size, TRITONSERVER_MEMORY_CPU, 0));
    }
    return {};
  }

  // One for all calls.
  static TRITONSERVER_ResponseAllocator* Allocator() {
    static TRITONSERVER_ResponseAllocator* const allocator = [] {
      TRITONSERVER_ResponseAllocator* made = nullptr;
      (void)Status(TRITONSERVER_ResponseAllocatorNew(&made, Allocate, ReleaseBuffer, nullptr));
      return made;
    }();
    return allocator;
  }

  // Large outputs are written where the worker reads them: their offset is what tells the worker so. Small ones travel
  // in the reply.
  static TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator*, const char* name, size_t size,
                                      TRITONSERVER_MemoryType, int64_t, void* userp, void** buffer, void** buffer_userp,
                                      TRITONSERVER_MemoryType* type, int64_t* type_id) {
    *buffer = nullptr;
    *buffer_userp = nullptr;
    *type = TRITONSERVER_MEMORY_CPU;
    *type_id = 0;
    if (size < kSmallTensor) {
      *buffer = new std::byte[size];
      return nullptr;
    }
    const InferenceCall& call = *static_cast<InferenceCall*>(userp);
    const WorkerMemory& memory = *call.memory_;
    const std::optional<uint64_t> block = memory.slab->Allocate(size);
    if (!block) {
      return TRITONSERVER_ErrorNew(
          TRITONSERVER_ERROR_UNAVAILABLE,
          Concat("output '", name, "': no room for ", size, " bytes in the memory of the calling model").c_str());
    }
    *buffer = memory.segment->At(*block);
    *buffer_userp = new OutputBlock{.memory = call.memory_, .offset = *block};
    return nullptr;
  }
  // The worker releases what it was given; the rest goes with the response, an error's outputs for instance.
  static TRITONSERVER_Error* ReleaseBuffer(TRITONSERVER_ResponseAllocator*, void* buffer, void* buffer_userp, size_t,
                                           TRITONSERVER_MemoryType, int64_t) {
    if (buffer_userp == nullptr) delete[] static_cast<std::byte*>(buffer);
    const std::unique_ptr<OutputBlock> block(static_cast<OutputBlock*>(buffer_userp));
    if (block != nullptr && !block->given) block->memory->slab->Release(block->offset);
    return nullptr;
  }

  static void OnRelease(TRITONSERVER_InferenceRequest* request, const uint32_t flags, void* userp) {
    if ((flags & TRITONSERVER_REQUEST_RELEASE_ALL) == 0) return;
    const std::unique_ptr<Holder> held(static_cast<Holder*>(userp));
    const std::lock_guard lock((*held)->mutex_);
    (*held)->is_released_ = true;
    (*held)->request_ = nullptr;
    (void)Status(TRITONSERVER_InferenceRequestDelete(request));
  }

  static void OnResponse(TRITONSERVER_InferenceResponse* response, const uint32_t flags, void* userp) {
    auto* const held = static_cast<Holder*>(userp);
    const bool final = (flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0;
    (*held)->Reply(response, final);
    if (response != nullptr) (void)Status(TRITONSERVER_InferenceResponseDelete(response));
    if (final) delete held;
  }

  void Reply(TRITONSERVER_InferenceResponse* response, bool final) const {
    const uint32_t flags = final ? 0 : kMore;
    if (response == nullptr) {
      ReplyWith(*memory_, id_, flags, {});
      return;
    }
    std::vector<OutputBlock*> outputs;
    const backend::Result<std::vector<std::byte>> body = Body(response, outputs);
    if (!body) {
      ReplyWith(*memory_, id_, flags, ErrorBody(TRITONSERVER_ERROR_INTERNAL, ErrorText(body.status().message())));
    } else if (ReplyWith(*memory_, id_, flags, *body)) {
      for (OutputBlock* output : outputs) output->given = true;
    }
  }

  // `outputs`: where those of the response lie.
  backend::Result<std::vector<std::byte>> Body(TRITONSERVER_InferenceResponse* response,
                                               std::vector<OutputBlock*>& outputs) const {
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseError(response));
    NESO_ASSIGN_OR_RETURN(const std::string parameters, Parameters(response));
    uint32_t count = 0;
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseOutputCount(response, &count));
    std::vector<std::byte> body(sizeof(ResponseRecord));
    MessageWriter(body.data())
        .Put(ResponseRecord{.kind = ResponseKind::kResponse,
                            .error_code = 0,
                            .tensor_count = static_cast<uint16_t>(count),
                            .error_length = 0,
                            .parameters_length = static_cast<uint32_t>(parameters.size())});
    for (uint32_t i = 0; i < count; ++i) NESO_RETURN_IF_ERROR(AppendOutput(response, i, body, outputs));
    const size_t end = body.size();
    body.resize(end + parameters.size());
    MessageWriter(body.data() + end).PutText(parameters);
    return body;
  }

  Status AppendOutput(TRITONSERVER_InferenceResponse* response, uint32_t index, std::vector<std::byte>& body,
                      std::vector<OutputBlock*>& outputs) const {
    const char* name = nullptr;
    TRITONSERVER_DataType datatype{};
    const int64_t* shape = nullptr;
    uint64_t rank = 0;
    const void* data = nullptr;
    size_t size = 0;
    TRITONSERVER_MemoryType type{};
    int64_t type_id = 0;
    void* userp = nullptr;
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseOutput(response, index, &name, &datatype, &shape, &rank, &data,
                                                              &size, &type, &type_id, &userp));
    auto* const block = static_cast<OutputBlock*>(userp);
    const size_t end = body.size();
    body.resize(end + TensorRecordSize(name, rank) + (block == nullptr ? size : 0));
    MessageWriter writer(body.data() + end);
    PutTensorType(writer, name, datatype, {shape, rank});
    writer.Put(block == nullptr ? kInline : block->offset);
    writer.Put(uint64_t{size});
    if (block == nullptr) {
      writer.PutBytes(data, size);
    } else {
      outputs.push_back(block);
    }
    return {};
  }

  static backend::Result<std::string> Parameters(TRITONSERVER_InferenceResponse* response) {
    uint32_t count = 0;
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseParameterCount(response, &count));
    if (count == 0) return std::string();
    rapidjson::StringBuffer text;
    ParametersWriter writer(text);
    writer.StartObject();
    for (uint32_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      TRITONSERVER_ParameterType type{};
      const void* value = nullptr;
      NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceResponseParameter(response, i, &name, &type, &value));
      if (type == TRITONSERVER_PARAMETER_BYTES) continue;
      writer.Key(name);
      switch (type) {
        case TRITONSERVER_PARAMETER_STRING: writer.String(static_cast<const char*>(value)); break;
        case TRITONSERVER_PARAMETER_INT: writer.Int64(*static_cast<const int64_t*>(value)); break;
        case TRITONSERVER_PARAMETER_BOOL: writer.Bool(*static_cast<const bool*>(value)); break;
        default: writer.Double(*static_cast<const double*>(value)); break;
      }
    }
    writer.EndObject();
    return std::string(text.GetString(), text.GetSize());
  }

  const std::shared_ptr<WorkerMemory> memory_;
  const uint64_t id_;
  std::string model_;
  uint32_t policy_ = 0;
  std::vector<CallInput> inputs_;  // what the request reads
  std::mutex mutex_;
  TRITONSERVER_InferenceRequest* request_ = nullptr;  // from its submission to its release
  bool is_released_ = false;
  bool is_cancelled_ = false;
};

namespace {

void ReplyUnlessStarted(const WorkerMemory& memory, uint64_t id, const Status& started) {
  if (!started.ok()) ReplyWith(memory, id, 0, ErrorBody(started.code(), started.message()));
}

// A model that does not serve may be loaded for the call, which the thread that reads calls must not wait for.
void StartOnThread(TRITONSERVER_Server* server, const std::shared_ptr<WorkerMemory>& memory,
                   const std::shared_ptr<InferenceCall>& call, uint64_t id, CallRequest request, TracePtr trace) {
  try {
    std::thread([server, memory, call, id, request = std::move(request), trace = std::move(trace)]() mutable {
      ReplyUnlessStarted(*memory, id, call->BringAndStart(server, std::move(request), std::move(trace)));
    }).detach();
  } catch (const std::system_error& error) {
    ReplyUnlessStarted(*memory, id, Status::Unavailable("no thread can be started: ", error.what()));
  }
}

}  // namespace

bool InferenceCalls::Start(uint64_t id, std::span<const std::byte> body,
                           const std::function<TRITONSERVER_InferenceTrace*(uint64_t)>& parent) {
  std::optional<CallRequest> request = ReadCall(body, *memory_->segment);
  if (!request) return false;
  const auto call = std::make_shared<InferenceCall>(memory_, id);
  {
    const std::lock_guard lock(mutex_);
    if (calls_.size() >= sweep_at_) {  // so that forgetting costs each call the same
      std::erase_if(calls_, [](const auto& entry) { return entry.second.expired(); });
      sweep_at_ = 2 * calls_.size() + kSweepAt;
    }
    calls_[id] = call;
  }
  // At once: the request that it belongs to may end before a model has been loaded.
  backend::Result<TracePtr> trace = ChildOf(request->record.trace != 0 ? parent(request->record.trace) : nullptr);
  if (!trace) {
    ReplyUnlessStarted(*memory_, id, trace.status());
  } else if (call->Find(server_, *request).ok()) {
    ReplyUnlessStarted(*memory_, id, call->Start(server_, *std::move(request), std::move(*trace)));
  } else {
    StartOnThread(server_, memory_, call, id, *std::move(request), std::move(*trace));
  }
  return true;
}

void InferenceCalls::Cancel(uint64_t id) {
  std::shared_ptr<InferenceCall> call;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = calls_.find(id); found != calls_.end()) call = found->second.lock();
  }
  if (call != nullptr) call->Cancel();
}

void InferenceCalls::CancelAll() {
  std::unordered_map<uint64_t, std::weak_ptr<InferenceCall>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (const auto& [id, weak] : calls) {
    if (const std::shared_ptr<InferenceCall> call = weak.lock()) call->Cancel();
  }
}

}  // namespace neso::python
