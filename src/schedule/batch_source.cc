#include "schedule/batch_source.h"

#include <utility>

#include "base/exception_status.h"

namespace neso {

void Batch::NoteWaits(std::span<const RequestQueue::Entry> taken, TimePoint now) {
  taken_at = now;
  rows = 0;
  for (const RequestQueue::Entry& entry : taken) {
    waits.push_back(now - entry.queued_at);
    rows += entry.rows;
  }
}

void Batch::AnswerDropped() {
  if (InferenceRequest* const request = std::exchange(without_memory, nullptr)) {
    InferenceRequest::RespondAndRelease(std::unique_ptr<InferenceRequest>(request), OutOfMemory(),
                                        InferenceRequest::FailureReason::kOther);
  }
  for (InferenceRequest* request : std::exchange(expired, {})) {
    InferenceRequest::RespondAndRelease(std::unique_ptr<InferenceRequest>(request),
                                        Unavailable("Request timeout expired"),
                                        InferenceRequest::FailureReason::kRejected);
  }
  for (InferenceRequest* request : std::exchange(cancelled, {})) {
    InferenceRequest::RespondAndRelease(std::unique_ptr<InferenceRequest>(request), Cancelled("Request cancelled"),
                                        InferenceRequest::FailureReason::kCanceled);
  }
}

}  // namespace neso
