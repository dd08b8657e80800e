#include "perf/in_process/local_call.h"

namespace neso::perf {
namespace {

class LocalAnswer final : public Answer {
 public:
  LocalAnswer(const ServerLibrary& library, TRITONSERVER_InferenceResponse* response)
      : library_(library), response_(response) {}
  Expected<std::vector<Tensor>> Outputs() const override { return ReadOutputs(library_, response_); }

 private:
  const ServerLibrary& library_;
  TRITONSERVER_InferenceResponse* const response_;
};

}  // namespace

void LocalCall::Send(const TensorSet& tensors, const Turn& turn, Lane::Listener& listener) {
  const ServerLibrary& library = server_.library();
  Expected<LocalRequest> request = MakeLocalRequest(server_, options_, tensors, turn);
  if (!request) return listener.OnFailure(request.error());
  listener_ = &listener;
  failure_ = {};
  awaited_ends_ = 2;
  Status sent = library.StatusOf(library->InferenceRequestSetReleaseCallback(request->get(), OnRelease, this));
  if (sent.ok()) {
    sent = library.StatusOf(
        library->InferenceRequestSetResponseCallback(request->get(), allocator_, nullptr, OnResponse, this));
  }
  if (sent.ok()) sent = library.StatusOf(library->ServerInferAsync(server_.handle(), request->get(), nullptr));
  if (sent.ok()) {
    static_cast<void>(request->release());  // OnRelease deletes it, and may have done so
    return;
  }
  awaited_ends_ = 0;
  listener.OnFailure(sent.WithContext("the server answers"));
}

void LocalCall::Take(const Arrival& arrival) {
  const ServerLibrary& library = server_.library();
  if (arrival.response != nullptr) {
    const Status failure = ErrorOf(library, arrival.response);
    if (!failure.ok()) failure_ = failure;
    if (failure_.ok() && listener_ != nullptr) listener_->OnAnswer(LocalAnswer(library, arrival.response));
    library.Discard(library->InferenceResponseDelete(arrival.response));
  }
  if (!arrival.ends || --awaited_ends_ > 0 || listener_ == nullptr) return;
  if (failure_.ok()) return listener_->OnEnd();
  listener_->OnFailure(failure_);
}

void LocalCall::OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* call) {
  auto* const own = static_cast<LocalCall*>(call);
  own->inbox_.Put({.call = own, .response = response, .ends = (flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0});
}

void LocalCall::OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* call) {
  if ((flags & TRITONSERVER_REQUEST_RELEASE_ALL) == 0) return;
  auto* const own = static_cast<LocalCall*>(call);
  const ServerLibrary& library = own->server_.library();
  library.Discard(library->InferenceRequestDelete(request));
  own->inbox_.Put({.call = own, .ends = true});
}

}  // namespace neso::perf
