#include "open_requests.h"

#include <string>
#include <utility>

namespace neso::python {

using backend::Request;
using backend::Response;
using backend::ResponseFactory;
using backend::Status;

void OpenRequests::BeginBatch(std::span<Request> requests, uint64_t first_id) {
  const std::lock_guard lock(mutex_);
  batch_ = requests;
  first_id_ = first_id;
}

void OpenRequests::EndBatch() {
  const std::lock_guard lock(mutex_);
  batch_ = {};
}

Request* OpenRequests::InBatch(uint64_t id) {
  if (id < first_id_ || id - first_id_ >= batch_.size()) return nullptr;
  Request& request = batch_[id - first_id_];
  return request.handle() != nullptr ? &request : nullptr;
}

Status OpenRequests::Keep(uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (factories_.contains(id)) return {};
  Request* const request = InBatch(id);
  if (request == nullptr || request->answered()) return {};
  NESO_ASSIGN_OR_RETURN(ResponseFactory factory, ResponseFactory::New(*request));
  factories_.emplace(id, std::make_shared<ResponseFactory>(std::move(factory)));
  return {};
}

Status OpenRequests::Send(uint64_t id, const WorkerResponse* response, bool final) {
  NESO_RETURN_IF_ERROR(Keep(id));
  std::shared_ptr<ResponseFactory> factory;
  {
    const std::lock_guard lock(mutex_);
    const auto found = factories_.find(id);
    if (found == factories_.end()) return Status::Internal("a response came for a request that was answered before");
    factory = found->second;
    if (final) factories_.erase(found);
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

Status OpenRequests::SendOne(const ResponseFactory& factory, const WorkerResponse& from, bool final) const {
  const uint64_t now = backend::NowNs();
  const backend::ResponseTimes times{.start_ns = now, .compute_output_start_ns = now, .end_ns = 0};
  const Status error = from.kind == ResponseKind::kError ? Status(from.error_code, std::string(from.error)) : Status();
  NESO_ASSIGN_OR_RETURN(Response made, Response::New(factory));
  return Report(factory, times, error.get(), SendResponse(std::move(made), from, final));
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
  if (const auto found = factories_.find(id); found != factories_.end()) return found->second->IsCancelled();
  const Request* const request = InBatch(id);
  return request != nullptr && request->IsCancelled();
}

TRITONSERVER_InferenceTrace* OpenRequests::Trace(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const Request* const request = InBatch(id);
  return request != nullptr ? request->trace() : nullptr;
}

std::shared_ptr<ResponseFactory> OpenRequests::Take(uint64_t id) {
  const auto found = factories_.find(id);
  if (found == factories_.end()) return nullptr;
  std::shared_ptr<ResponseFactory> factory = std::move(found->second);
  factories_.erase(found);
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
  std::unordered_map<uint64_t, std::shared_ptr<ResponseFactory>> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(factories_);
    for (const auto& [id, factory] : open) {
      if (Request* const request = InBatch(id); request != nullptr) request->set_failed();
    }
  }
  for (const auto& [id, factory] : open) {
    SendError(*factory, error);
  }
}

}  // namespace neso::python
