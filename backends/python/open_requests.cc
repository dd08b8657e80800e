#include "open_requests.h"

#include <string>
#include <utility>

namespace neso::python {

using backend::Request;
using backend::Response;
using backend::ResponseFactory;
using backend::Status;

void OpenRequests::BeginBatch(std::span<Request> requests, uint64_t first_id, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  batch_ = requests;
  first_id_ = first_id;
  batch_since_ = now;
}

void OpenRequests::EndBatch() {
  const std::lock_guard lock(mutex_);
  if (!kept_.empty()) {
    const Clock::time_point now = Clock::now();
    for (size_t i = 0; i < batch_.size(); ++i) {
      if (const auto found = kept_.find(first_id_ + i); found != kept_.end()) found->second.since = now;
    }
  }
  batch_ = {};
}

Request* OpenRequests::InBatch(uint64_t id) {
  if (!IsOfBatch(id)) return nullptr;
  Request& request = batch_[id - first_id_];
  return request.handle() != nullptr ? &request : nullptr;
}

Status OpenRequests::Keep(uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (kept_.contains(id)) return {};
  Request* const request = InBatch(id);
  if (request == nullptr || request->answered()) return {};
  NESO_ASSIGN_OR_RETURN(ResponseFactory factory, ResponseFactory::New(*request));
  kept_.emplace(id, Kept{std::make_shared<ResponseFactory>(std::move(factory)), {}});
  return {};
}

Status OpenRequests::Send(uint64_t id, WorkerResponse* response, bool final) {
  NESO_RETURN_IF_ERROR(Keep(id));
  std::shared_ptr<ResponseFactory> factory;
  {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(id);
    if (found == kept_.end()) return Status::Internal("a response came for a request that was answered before");
    factory = found->second.factory;
    (IsOfBatch(id) ? batch_since_ : found->second.since) = Clock::now();
    if (final) kept_.erase(found);
    const bool is_error = response != nullptr && response->kind == ResponseKind::kError;
    if (Request* const request = InBatch(id); is_error && request != nullptr) request->set_failed();
  }
  if (response == nullptr) return SendFlags(*factory, final);
  return SendOne(*factory, *response, final);
}

Status OpenRequests::SendFlags(ResponseFactory& factory, bool final) const {
  if (!final) return {};
  const backend::ResponseTimes times{.start_ns = backend::NowNs(), .compute_output_start_ns = 0, .end_ns = 0};
  return Report(factory, times, nullptr, factory.SendFinal());
}

Status OpenRequests::SendOne(const ResponseFactory& factory, WorkerResponse& from, bool final) const {
  const uint64_t now = backend::NowNs();
  const backend::ResponseTimes times{.start_ns = now, .compute_output_start_ns = now, .end_ns = 0};
  const Status error = from.kind == ResponseKind::kError ? Status(from.error_code, std::string(from.error)) : Status();
  NESO_ASSIGN_OR_RETURN(Response made, Response::New(factory));
  return Report(factory, times, error.get(), SendResponse(std::move(made), from, sendable_, final));
}

Status OpenRequests::Report(const ResponseFactory& factory, backend::ResponseTimes times, TRITONSERVER_Error* error,
                            Status sent) const {
  times.end_ns = backend::NowNs();
  NESO_LOG_IF_ERROR(backend::ReportResponse(instance_, factory, times, error),
                    "cannot report statistics of a response");
  return sent;
}

void OpenRequests::Close(uint64_t id) {
  std::shared_ptr<ResponseFactory> closed;  // its end ends the answer, without the lock
  const std::lock_guard lock(mutex_);
  closed = Take(id);
}

bool OpenRequests::IsCancelled(uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = kept_.find(id); found != kept_.end()) return found->second.factory->IsCancelled();
  const Request* const request = InBatch(id);
  return request != nullptr && request->IsCancelled();
}

TRITONSERVER_InferenceTrace* OpenRequests::Trace(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const Request* const request = InBatch(id);
  return request != nullptr ? request->trace() : nullptr;
}

std::shared_ptr<ResponseFactory> OpenRequests::Take(uint64_t id) {
  const auto found = kept_.find(id);
  if (found == kept_.end()) return nullptr;
  std::shared_ptr<ResponseFactory> factory = std::move(found->second.factory);
  kept_.erase(found);
  return factory;
}

void OpenRequests::FailOne(uint64_t id, const Status& error) {
  std::shared_ptr<ResponseFactory> factory;
  {
    const std::lock_guard lock(mutex_);
    factory = Take(id);
    if (Request* const request = InBatch(id); factory != nullptr && request != nullptr) request->set_failed();
  }
  if (factory != nullptr) SendError(*factory, error);
}

Status OpenRequests::Reschedule(uint64_t id) {
  std::shared_ptr<ResponseFactory> factory;  // goes after the release: an answer that nobody holds would end
  const std::lock_guard lock(mutex_);
  factory = Take(id);
  Request* const request = InBatch(id);
  if (request == nullptr) return Status::Internal("a request that is not of the batch was rescheduled");
  return request->Release(TRITONSERVER_REQUEST_RELEASE_RESCHEDULE);
}

void OpenRequests::SendError(const ResponseFactory& factory, const Status& error) {
  backend::Result<Response> response = Response::New(factory);
  if (response) NESO_LOG_IF_ERROR(response->SendError(error, /*final=*/true), "cannot send an error");
}

void OpenRequests::Fail(const Status& error) {
  std::unordered_map<uint64_t, Kept> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(kept_);
    for (const auto& [id, kept] : open) {
      if (Request* const request = InBatch(id); request != nullptr) request->set_failed();
    }
  }
  for (const auto& [id, kept] : open) {
    SendError(*kept.factory, error);
  }
}

std::optional<OpenRequests::Clock::time_point> OpenRequests::WaitingSince() {
  const std::lock_guard lock(mutex_);
  std::optional<Clock::time_point> since;
  if (!batch_.empty()) since = batch_since_;
  for (const auto& [id, kept] : kept_) {
    if (!IsOfBatch(id) && (!since || kept.since < *since)) since = kept.since;
  }
  return since;
}

}  // namespace neso::python
