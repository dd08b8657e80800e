#include "core/request.h"

#include <algorithm>
#include <utility>

#include "base/exception_status.h"
#include "base/log.h"
#include "core/foreign_call.h"
#include "core/model.h"
#include "core/object_pool.h"
#include "core/response.h"
#include "core/trace.h"
#include "core/validate_request.h"

namespace neso {
namespace {

// A request with more than this is not kept: its capacities would be idle memory.
constexpr size_t kMaxPooledInputs = 64;

// The name of an output is all there is of it in a request.
const std::string& NameOfOutput(const std::string& output) { return output; }

}  // namespace

void Input::Reset(std::string_view name, DataType datatype, std::span<const int64_t> shape) {
  name_ = name;
  datatype_ = datatype;
  raw_ = false;
  original_shape_.assign(shape.begin(), shape.end());
  shape_ = original_shape_;  // stays so for inputs that are added behind Submit
  buffers_.clear();
  host_policy_buffers_.clear();
  byte_size_ = 0;
}

std::unique_ptr<InferenceRequest> InferenceRequest::Create(ModelHandle model, int64_t requested_version) {
  InferenceRequest* request = RecyclePool<InferenceRequest>::Take();
  if (request == nullptr) request = ::new (::operator new(sizeof(InferenceRequest))) InferenceRequest();
  request->model_ = std::move(model);
  request->requested_version_ = requested_version;
  request->RenewFactory();
  return std::unique_ptr<InferenceRequest>(request);
}

InferenceRequest::~InferenceRequest() = default;

void InferenceRequest::operator delete(InferenceRequest* request, std::destroying_delete_t) {
  request->Clear();
  if (request->inputs_.size() <= kMaxPooledInputs && RecyclePool<InferenceRequest>::Put(request)) return;
  request->~InferenceRequest();
  ::operator delete(request);
}

void InferenceRequest::Reset(ModelHandle model, int64_t requested_version) {
  Clear();
  model_ = std::move(model);
  requested_version_ = requested_version;
  RenewFactory();
}

void InferenceRequest::Clear() {
  id_.clear();
  flags_ = 0;
  if (correlation_id_ != CorrelationId()) correlation_id_ = CorrelationId();
  priority_ = 0;
  timeout_us_ = 0;
  batch_size_ = 1;
  parameters_.clear();
  RemoveAllInputs();
  RemoveAllRequestedOutputs();
  release_fn_ = nullptr;
  release_userp_ = nullptr;
  allocator_ = nullptr;
  allocator_userp_ = nullptr;
  response_fn_ = nullptr;
  response_userp_ = nullptr;
  factory_.reset();
  trace_.reset();
  release_hooks_.clear();
  compute_totals_ = nullptr;
  start_ns_ = 0;
  queue_start_ns_ = 0;
  scheduler_data = nullptr;
  sequence_states = nullptr;
  in_flight_.store(false, std::memory_order_relaxed);
  is_null_ = false;
  // Last: it may take the model down.
  model_.reset();
}

// A factory serves one submission: its responses may outlive the request's next one.
void InferenceRequest::RenewFactory() {
  factory_ = std::allocate_shared<ResponseFactory>(RecyclingAllocator<ResponseFactory>());
}

void InferenceRequest::AddParameter(std::string_view name, ParameterValue value) {
  parameters_.push_back({std::string(name), std::move(value)});
}

Input& InferenceRequest::NewInput(std::string_view name, DataType datatype, std::span<const int64_t> shape) {
  if (input_count_ == inputs_.size()) inputs_.emplace_back();
  Input& input = inputs_[input_count_++];
  input.Reset(name, datatype, shape);
  return input;
}

Status InferenceRequest::AddInput(std::string_view name, DataType datatype, std::span<const int64_t> shape) {
  if (FindInput(name) != nullptr) return InvalidArg("{}input '{}' already exists in request", LogPrefix(), name);
  NewInput(name, datatype, shape);
  input_index_.Update(inputs(), &Input::name);
  return {};
}

Status InferenceRequest::AddRawInput(std::string_view name) {
  if (input_count_ != 0) return InvalidArg("raw input '{}' can't be added to request with other inputs", name);
  Input& input = NewInput(name, DataType::kInvalid, {});
  input.raw_ = true;
  input.raw_name_ = name;
  return {};
}

Status InferenceRequest::RemoveInput(std::string_view name) {
  Input* const input = FindInput(name);
  if (input == nullptr) return InvalidArg("input '{}' does not exist in request", name);
  Input* const end = inputs_.data() + input_count_;
  std::rotate(input, input + 1, end);
  --input_count_;
  input_index_.Forget();
  input_index_.Update(inputs(), &Input::name);
  return {};
}

void InferenceRequest::InjectInput(std::string_view name, DataType datatype, std::span<const int64_t> shape,
                                   std::span<const std::byte> data) {
  Input& input = NewInput(name, datatype, shape);
  InputBuffer& buffer = input.buffers_.emplace_back();
  buffer.base = data.data();
  buffer.attributes.byte_size = data.size();
  input.byte_size_ = data.size();
  ++injected_count_;
  input_index_.Update(inputs(), &Input::name);
}

void InferenceRequest::RemoveInjectedInputs() {
  if (injected_count_ == 0) return;
  input_count_ -= std::exchange(injected_count_, 0);
  input_index_.Forget();
  input_index_.Update(inputs(), &Input::name);
}

void InferenceRequest::RemoveAllInputs() {
  input_count_ = 0;
  injected_count_ = 0;
  input_index_.Forget();
}

Status InferenceRequest::AppendInputData(std::string_view name, const void* base, const BufferAttributes& attributes,
                                         std::string_view host_policy) {
  Input* const input = FindInput(name);
  if (input == nullptr) return InvalidArg("input '{}' does not exist in request", name);
  if (host_policy.empty()) {
    input->buffers_.push_back({base, attributes});
    input->byte_size_ += attributes.byte_size;
    return {};
  }
  for (auto& policy : input->host_policy_buffers_) {
    if (policy.policy != host_policy) continue;
    policy.buffers.push_back({base, attributes});
    return {};
  }
  input->host_policy_buffers_.push_back({std::string(host_policy), {{base, attributes}}});
  return {};
}

Status InferenceRequest::RemoveAllInputData(std::string_view name) {
  Input* const input = FindInput(name);
  if (input == nullptr) return InvalidArg("input '{}' does not exist in request", name);
  input->buffers_.clear();
  input->host_policy_buffers_.clear();
  input->byte_size_ = 0;
  return {};
}

Status InferenceRequest::AddRequestedOutput(std::string_view name) {
  if (requested_output_index_.Find(std::span(requested_outputs_), name, NameOfOutput) != nullptr) {
    return InvalidArg("{}output '{}' already exists in request", LogPrefix(), name);
  }
  requested_outputs_.emplace_back(name);
  requested_output_index_.Update(std::span(requested_outputs_), NameOfOutput);
  return {};
}

void InferenceRequest::RemoveRequestedOutput(std::string_view name) {
  if (std::erase(requested_outputs_, name) == 0) return;
  requested_output_index_.Forget();
  requested_output_index_.Update(std::span(requested_outputs_), NameOfOutput);
}

void InferenceRequest::RemoveAllRequestedOutputs() {
  requested_outputs_.clear();
  requested_output_index_.Forget();
}

void InferenceRequest::SetReleaseCallback(TRITONSERVER_InferenceRequestReleaseFn_t fn, void* userp) {
  release_fn_ = fn;
  release_userp_ = userp;
}

void InferenceRequest::SetResponseCallback(const ResponseAllocator* allocator, void* allocator_userp,
                                           TRITONSERVER_InferenceResponseCompleteFn_t fn, void* userp) {
  allocator_ = allocator;
  allocator_userp_ = allocator_userp;
  response_fn_ = fn;
  response_userp_ = userp;
  if (factory_->submitted_.load(std::memory_order_relaxed)) RenewFactory();
}

std::string InferenceRequest::LogPrefix() const {
  return fmt::format("[request id: {}] ", id_.empty() ? "<id_unknown>" : std::string_view(id_));
}

const Input* InferenceRequest::FindInput(std::string_view name) const {
  return const_cast<InferenceRequest*>(this)->FindInput(name);
}

Input* InferenceRequest::FindInput(std::string_view name) {
  if (Input* const input = input_index_.Find(inputs(), name, &Input::name)) return input;
  // A request used again after its release: the requester goes on calling a raw input by its own name.
  if (input_count_ == 1 && inputs_[0].raw_ && inputs_[0].raw_name_ == name) return inputs_.data();
  return nullptr;
}

std::span<const InputBuffer> InferenceRequest::BuffersForHostPolicy(const Input& input, std::string_view policy) const {
  for (const auto& candidate : input.host_policy_buffers_) {
    if (candidate.policy == policy) return candidate.buffers;
  }
  return input.buffers();
}

std::span<const std::string> InferenceRequest::outputs() const {
  return requested_outputs_.empty() ? std::span<const std::string>(model_->output_names()) : requested_outputs_;
}

const TraceKey* InferenceRequest::trace_key() const { return trace_ == nullptr ? nullptr : &trace_->key(); }

void InferenceRequest::TraceInputs(TRITONSERVER_InferenceTraceActivity activity) const {
  if (trace_ == nullptr || !trace_->wants_tensors()) return;
  for (const Input& input : inputs()) {
    const char* const name = input.name().c_str();
    if (input.buffers_.size() == 1) {
      const InputBuffer& only = input.buffers_[0];
      trace_->ReportTensor(activity, name, input.datatype(), only.base, input.byte_size(), input.shape(),
                           only.attributes);
      continue;
    }
    const auto on_gpu = [](const InputBuffer& b) { return b.attributes.memory_type == MemoryType::kGpu; };
    if (std::any_of(input.buffers_.begin(), input.buffers_.end(), on_gpu)) continue;
    std::string gathered;
    gathered.reserve(input.byte_size());
    for (const InputBuffer& b : input.buffers_)
      gathered.append(static_cast<const char*>(b.base), b.attributes.byte_size);
    BufferAttributes attributes;
    attributes.byte_size = gathered.size();
    trace_->ReportTensor(activity, name, input.datatype(), gathered.data(), gathered.size(), input.shape(), attributes);
  }
}

void InferenceRequest::Cancel() {
  if (factory_ != nullptr) factory_->Cancel();
}

bool InferenceRequest::IsCancelled() const { return factory_ != nullptr && factory_->IsCancelled(); }

void InferenceRequest::CaptureQueueStart() {
  // Its first queue comes a fifth of a microsecond after Submit began, which is not worth another look at the clock.
  const bool comes_from_submit = queue_start_ns_ == 0 && start_ns_ != 0 && trace_ == nullptr;
  queue_start_ns_ = comes_from_submit ? start_ns_ : SteadyNanoseconds();
  if (trace_ == nullptr) return;
  trace_->Report(TRITONSERVER_TRACE_QUEUE_START, queue_start_ns_);
  TraceInputs(TRITONSERVER_TRACE_TENSOR_QUEUE_INPUT);
}

void InferenceRequest::EndTrace() {
  if (trace_ == nullptr) return;
  trace_->ReportNow(TRITONSERVER_TRACE_REQUEST_END);
  trace_.reset();
}

void InferenceRequest::MarkPending() {
  if (!std::exchange(pending_, true)) model_->statistics().AddPending(1);
}

void InferenceRequest::MarkExecuting() {
  if (std::exchange(pending_, false)) model_->statistics().AddPending(-1);
}

// A second submission would make a second owner. Programs that embed the server can try, from any thread.
Status InferenceRequest::Depart() {
  if (in_flight_.exchange(true, std::memory_order_acquire)) {
    return InvalidArg("the request was submitted before and is not released yet: expected its release callback first");
  }
  if (response_fn_ != nullptr && allocator_ != nullptr && release_fn_ != nullptr) return {};
  return Refuse(InvalidArg("the request has no {} callback, which has to be set before it is submitted",
                           release_fn_ == nullptr ? "release" : "response"));
}

// It is its owner's again.
Status InferenceRequest::Refuse(Status error) {
  if (trace_ != nullptr) trace_->NoteFailure(error);
  EndTrace();
  in_flight_.store(false, std::memory_order_release);
  return error;
}

// Everything that answering needs goes into the factory: the backend may release the request before it responds.
void InferenceRequest::Arm() {
  ResponseFactory& factory = *factory_;
  factory.model_ = model_;
  factory.request_id_ = id_;
  factory.allocator_ = allocator_;
  factory.allocator_userp_ = allocator_userp_;
  factory.response_fn_ = response_fn_;
  factory.response_userp_ = response_userp_;
  factory.trace_ = trace_;
  factory.start_ns_ = start_ns_;
  factory.submitted_.store(true, std::memory_order_release);
}

namespace {
template <typename Work>
Status Catching(Work&& work) {
  try {
    return work();
  } catch (...) {
    return StatusOfException();
  }
}
}  // namespace

Status InferenceRequest::Submit(std::unique_ptr<InferenceRequest>& request, InferenceTrace* trace) {
  std::shared_ptr<InferenceTrace> owned_trace;
  if (trace != nullptr) owned_trace = {trace, &InferenceTrace::Release};
  InferenceRequest& r = *request;
  RETURN_IF_ERROR(r.Depart());
  r.start_ns_ = SteadyNanoseconds();
  r.queue_start_ns_ = 0;
  if (trace != nullptr) {
    r.trace_ = std::move(owned_trace);
    trace->SetModel(r.model_->name(), r.model_->version(), r.id_);
    trace->Report(TRITONSERVER_TRACE_REQUEST_START, r.start_ns_);
  }
  Status status = Catching([&] { return RequestValidator(r).Run(); });
  if (!status.ok()) return r.Refuse(std::move(status));
  if (r.factory_->submitted_.load(std::memory_order_relaxed)) r.RenewFactory();
  r.Arm();

  // The request may be gone when Enqueue returns, and with it what keeps the model; on error it is not.
  Model& model = *r.model_;
  model.BeginRequest();
  model.statistics().AddPending(1);
  r.pending_ = true;
  status = Catching([&] { return model.scheduler().Enqueue(request); });
  // What was thrown after the scheduler had taken it is no error of the request: it will be answered.
  if (status.ok() || request == nullptr) return {};
  r.MarkExecuting();
  model.EndRequest();
  r.release_hooks_.clear();
  r.RenewFactory();
  return r.Refuse(std::move(status));
}

void InferenceRequest::RespondAndRelease(std::unique_ptr<InferenceRequest> request, const Status& error,
                                         FailureReason reason) {
  if (request->factory_->IsFinalSent()) return Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  if (!request->is_null_) {
    request->model_->statistics().common().RecordFailure(request->start_ns_, SteadyNanoseconds(), reason,
                                                         request->trace_key());
  }
  const std::shared_ptr<ResponseFactory>& factory = request->factory_;
  InferenceResponse::Send(factory->CreateResponse(factory), TRITONSERVER_RESPONSE_COMPLETE_FINAL, error);
  Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
}

void InferenceRequest::Release(std::unique_ptr<InferenceRequest> request, uint32_t flags) {
  request->MarkExecuting();
  while (!request->release_hooks_.empty()) {
    const ReleaseHook hook = std::move(request->release_hooks_.back());
    request->release_hooks_.pop_back();
    hook(request, flags);
    if (request == nullptr) return;
  }
  request->RemoveInjectedInputs();
  // Before the callback, which may report about an enclosing trace.
  request->EndTrace();
  const ModelHandle model = request->model_;
  const auto release_fn = request->release_fn_;
  void* const userp = request->release_userp_;
  request->in_flight_.store(false, std::memory_order_release);
  const Status released = CallForeign("the release callback of a request", release_fn, request.release(), flags, userp);
  if (!released.ok()) LOG_ERROR("model '{}': {}", model->name(), released.message());
  model->EndRequest();
}

}  // namespace neso
