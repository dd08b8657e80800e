#include "inference_call.h"

#include <span>
#include <string>

#include "call_outputs.h"
#include "neso/backend/json.h"
#include "protocol.h"
#include "worker_reply.h"

namespace neso::python {

using backend::Concat;
using backend::Result;
using backend::Status;

namespace {

Status SetCorrelation(TRITONSERVER_InferenceRequest* request, const CallRequest& call) {
  if (call.record.correlation_text_length == kNumber) {
    return TRITONSERVER_InferenceRequestSetCorrelationId(request, call.record.correlation_id);
  }
  return TRITONSERVER_InferenceRequestSetCorrelationIdString(request, call.correlation.c_str());
}

Status SetParameters(TRITONSERVER_InferenceRequest* request, std::string_view json) {
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

Status AddInputs(TRITONSERVER_InferenceRequest* request, std::span<const CallInput> inputs) {
  for (const CallInput& input : inputs) {
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestAddInput(request, input.name.c_str(), input.datatype,
                                                               input.shape.data(), input.shape.size()));
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestAppendInputData(request, input.name.c_str(), input.data.get(),
                                                                      input.byte_size, TRITONSERVER_MEMORY_CPU, 0));
  }
  return {};
}

}  // namespace

void RequestDeleter::operator()(TRITONSERVER_InferenceRequest* request) const {
  (void)Status(TRITONSERVER_InferenceRequestDelete(request));
}

void TraceDeleter::operator()(TRITONSERVER_InferenceTrace* trace) const {
  (void)Status(TRITONSERVER_InferenceTraceDelete(trace));
}

Status InferenceCall::Find(TRITONSERVER_Server* server, const CallRequest& call) {
  model_ = call.model;
  return Status(
      TRITONSERVER_ServerModelTransactionProperties(server, model_.c_str(), call.record.version, &policy_, nullptr));
}

Status InferenceCall::BringAndStart(TRITONSERVER_Server* server, CallRequest call, TracePtr trace) {
  const int64_t version = call.record.version;
  Result<RequestPtr> holder = NewRequest(server, version);  // of the model, so that it does not leave at once
  const Status found = holder ? Find(server, call) : holder.TakeStatus();
  return found.ok() ? Start(server, std::move(call), std::move(trace)) : Refusal(server, version, found);
}

Status InferenceCall::Start(TRITONSERVER_Server* server, CallRequest call, TracePtr trace) {
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

void InferenceCall::Cancel() {
  const std::lock_guard lock(mutex_);
  is_cancelled_ = true;
  if (request_ != nullptr) (void)Status(TRITONSERVER_InferenceRequestCancel(request_));
}

std::string InferenceCall::ErrorText(std::string_view text) const {
  return Concat("Model ", model_, " - Error when running inference: ", text);
}

Status InferenceCall::Refusal(TRITONSERVER_Server* server, int64_t version, const Status& found) const {
  bool ready = false;
  if (!Status(TRITONSERVER_ServerModelIsReady(server, model_.c_str(), version, &ready)).ok() || ready) {
    return Status::Internal(ErrorText(found.message()));
  }
  return Status::Internal("Failed for execute the inference request. Model '", model_, "' is not ready.");
}

Result<RequestPtr> InferenceCall::NewRequest(TRITONSERVER_Server* server, int64_t version) const {
  TRITONSERVER_InferenceRequest* request = nullptr;
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestNew(&request, server, model_.c_str(), version));
  return RequestPtr(request);
}

Status InferenceCall::Fill(TRITONSERVER_InferenceRequest* request, const CallRequest& call) const {
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetId(request, call.request_id.c_str()));
  NESO_RETURN_IF_ERROR(SetCorrelation(request, call));
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetFlags(request, call.record.flags));
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetTimeoutMicroseconds(request, call.record.timeout_us));
  if (!call.parameters.empty()) NESO_RETURN_IF_ERROR(SetParameters(request, call.parameters));
  for (const std::string& output : call.outputs) {
    NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestAddRequestedOutput(request, output.c_str()));
  }
  return AddInputs(request, inputs_);
}

Status InferenceCall::Submit(TRITONSERVER_Server* server, RequestPtr request, TracePtr trace) {
  auto answers = std::make_unique<Holder>(shared_from_this());
  auto release = std::make_unique<Holder>(shared_from_this());
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetReleaseCallback(request.get(), OnRelease, release.get()));
  NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceRequestSetResponseCallback(request.get(), CallAllocator(), &memory_,
                                                                        OnResponse, answers.get()));
  Status started = TRITONSERVER_ServerInferAsync(server, request.get(), trace.release());
  if (!started.ok()) return {TRITONSERVER_ERROR_INTERNAL, ErrorText(started.message())};
  // The callbacks' from here on, and maybe gone.
  (void)answers.release();
  (void)release.release();
  NoteSubmitted(request.release());
  return {};
}

void InferenceCall::NoteSubmitted(TRITONSERVER_InferenceRequest* request) {
  const std::lock_guard lock(mutex_);
  if (is_released_) return;
  request_ = request;
  if (is_cancelled_) (void)Status(TRITONSERVER_InferenceRequestCancel(request_));
}

void InferenceCall::OnRelease(TRITONSERVER_InferenceRequest* request, const uint32_t flags, void* userp) {
  if ((flags & TRITONSERVER_REQUEST_RELEASE_ALL) == 0) return;
  const std::unique_ptr<Holder> held(static_cast<Holder*>(userp));
  const std::lock_guard lock((*held)->mutex_);
  (*held)->is_released_ = true;
  (*held)->request_ = nullptr;
  (void)Status(TRITONSERVER_InferenceRequestDelete(request));
}

void InferenceCall::OnResponse(TRITONSERVER_InferenceResponse* response, const uint32_t flags, void* userp) {
  auto* const held = static_cast<Holder*>(userp);
  const bool final = (flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0;
  (*held)->Reply(response, final);
  if (response != nullptr) (void)Status(TRITONSERVER_InferenceResponseDelete(response));
  if (final) delete held;
}

void InferenceCall::Reply(TRITONSERVER_InferenceResponse* response, bool final) const {
  const uint32_t flags = final ? 0 : kMore;
  if (response == nullptr) {
    ReplyWith(*memory_, id_, flags, {});
    return;
  }
  std::vector<OutputBlock*> outputs;
  const Result<std::vector<std::byte>> body = ResponseBody(response, outputs);
  if (!body) {
    ReplyWithErrorResponse(*memory_, id_, flags, TRITONSERVER_ERROR_INTERNAL, ErrorText(body.status().message()));
  } else if (ReplyWith(*memory_, id_, flags, *body)) {
    for (OutputBlock* output : outputs) output->given = true;
  }
}

}  // namespace neso::python
