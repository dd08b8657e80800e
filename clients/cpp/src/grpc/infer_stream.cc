#include "grpc/infer_stream.h"

#include <iostream>
#include <utility>

#include "grpc/grpc_connection.h"
#include "grpc/grpc_result.h"

namespace triton {
namespace client {

using Kind = RequestTimers::Kind;

InferStream::InferStream(Stub* stub, std::unique_ptr<grpc::ClientContext> context, OnCompleteFn callback,
                         StatRecorder* stats, bool verbose)
    : context_(std::move(context)),
      callback_(std::move(callback)),
      stats_(stats),
      verbose_(verbose),
      stream_(stub->ModelStreamInfer(context_.get())) {}

std::shared_ptr<InferStream> InferStream::Open(Stub* stub, std::unique_ptr<grpc::ClientContext> context,
                                               OnCompleteFn callback, StatRecorder* stats, bool verbose) {
  std::shared_ptr<InferStream> stream(new InferStream(stub, std::move(context), std::move(callback), stats, verbose));
  stream->reader_ = std::thread([stream] { stream->Run(); });
  return stream;
}

Error InferStream::Send(const inference::ModelInferRequest& request, const RequestTimers& timers) {
  const std::lock_guard<std::mutex> lock(write_mutex_);
  if (closed_) return Error("Stream has been closed.");
  if (stats_ != nullptr) {
    const std::lock_guard<std::mutex> timers_lock(timers_mutex_);
    timers_.push(timers);  // before the response can come
  }
  return stream_->Write(request) ? Error::Success : Error("Stream has been closed.");
}

Error InferStream::Close() {
  if (IsReader()) {
    return Error("StopStream() waits for the stream's callbacks: it cannot be called within one");
  }
  {
    const std::lock_guard<std::mutex> lock(write_mutex_);
    if (!closed_) stream_->WritesDone();
    closed_ = true;
  }
  const std::lock_guard<std::mutex> lock(join_mutex_);
  if (reader_.joinable()) reader_.join();
  return Error::Success;
}

void InferStream::Abort() {
  dropped_ = true;
  context_->TryCancel();
  if (IsReader()) return reader_.detach();
  const std::lock_guard<std::mutex> lock(join_mutex_);
  if (reader_.joinable()) reader_.join();
}

void InferStream::Run() {
  reader_id_ = std::this_thread::get_id();
  for (inference::ModelStreamInferResponse response; stream_->Read(&response);) {
    if (!dropped_) Hand(std::move(response));
  }
  const Error error = ErrorOf(stream_->Finish());
  if (!error.IsOk() && !dropped_) callback_(new GrpcInferResult(error));
}

void InferStream::Hand(inference::ModelStreamInferResponse response) {
  std::optional<RequestTimers> timers = TakeTimers();
  if (timers) timers->CaptureTimestamp(Kind::RECV_START);
  if (verbose_) std::cout << response.DebugString() << std::endl;
  auto* result = new GrpcInferResult(Error(response.error_message()), std::move(*response.mutable_infer_response()));
  if (timers) {
    timers->CaptureTimestamp(Kind::RECV_END);
    timers->CaptureTimestamp(Kind::REQUEST_END);
    stats_->Record(*timers);
  }
  callback_(result);
}

std::optional<RequestTimers> InferStream::TakeTimers() {
  const std::lock_guard<std::mutex> lock(timers_mutex_);
  if (timers_.empty()) return std::nullopt;
  RequestTimers timers = timers_.front();
  timers_.pop();
  return timers;
}

}  // namespace client
}  // namespace triton
