#include "common/stat_recorder.h"

#include <chrono>
#include <iostream>

namespace triton {
namespace client {

Error RequestTimers::Reset() {
  timestamps_.fill(0);
  return Error::Success;
}

uint64_t RequestTimers::CaptureTimestamp(Kind kind) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return timestamps_[static_cast<size_t>(kind)] = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

uint64_t RequestTimers::Duration(Kind start, Kind end) const {
  const uint64_t from = Timestamp(start), to = Timestamp(end);
  return from == 0 || to == 0 || to < from ? UINT64_MAX : to - from;
}

void StatRecorder::Record(const RequestTimers& timers) {
  using Kind = RequestTimers::Kind;
  const uint64_t request = timers.Duration(Kind::REQUEST_START, Kind::REQUEST_END);
  const uint64_t send = timers.Duration(Kind::SEND_START, Kind::SEND_END);
  const uint64_t receive = timers.Duration(Kind::RECV_START, Kind::RECV_END);
  if (request == UINT64_MAX || send == UINT64_MAX || receive == UINT64_MAX) {
    std::cerr << "Failed to update context stat: Timer not set correctly.\n";
    return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  stat_.completed_request_count++;
  stat_.cumulative_total_request_time_ns += request;
  stat_.cumulative_send_time_ns += send;
  stat_.cumulative_receive_time_ns += receive;
}

InferStat StatRecorder::Read() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stat_;
}

InferenceServerClient::InferenceServerClient(bool verbose)
    : verbose_(verbose), stats_(std::make_unique<StatRecorder>()) {}

InferenceServerClient::~InferenceServerClient() = default;

Error InferenceServerClient::ClientInferStat(InferStat* infer_stat) const {
  *infer_stat = stats_->Read();
  return Error::Success;
}

}  // namespace client
}  // namespace triton
