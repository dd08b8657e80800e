#include "frontend/http/http_run.h"

#include "core/model.h"
#include "frontend/trace_headers.h"

namespace neso {

Status HttpRun::Submit(std::unique_ptr<InferenceRequest>& request) {
  // What has been answered is not kept for its client, which may take long to read.
  exchange_->SetDisconnectCallback([weak = weak_from_this()] {
    if (const std::shared_ptr<RunningRequest> run = weak.lock()) run->Cancel();
  });
  std::shared_ptr<RequestTrace> trace =
      settings_.tracer.Sample(request->model()->name(), [this] { return TraceContextOf(exchange_->head()); });
  if (trace != nullptr) {
    trace->Report("HTTP_RECV_START", exchange_->receive_start_ns());
    trace->Report("HTTP_RECV_END", exchange_->receive_end_ns());
  }
  return SubmitRequest(request, std::move(trace));
}

}  // namespace neso
