// Inference over gRPC: calls and streams.
#include <iostream>
#include <utility>

#include "common/multi.h"
#include "common/stat_recorder.h"
#include "grpc/async_calls.h"
#include "grpc/grpc_connection.h"
#include "grpc/grpc_result.h"
#include "grpc/infer_request.h"
#include "grpc/infer_stream.h"
#include "grpc_client.h"

namespace triton {
namespace client {

using Kind = RequestTimers::Kind;

namespace {

// The result of a call that has ended, with what it took.
InferResult* ResultOf(const grpc::Status& status, inference::ModelInferResponse response, RequestTimers* timers,
                      StatRecorder* stats, bool verbose) {
  timers->CaptureTimestamp(Kind::RECV_START);
  if (verbose) std::cout << (status.ok() ? response.DebugString() : status.error_message()) << std::endl;
  auto* result = new GrpcInferResult(ErrorOf(status), std::move(response));
  timers->CaptureTimestamp(Kind::RECV_END);
  timers->CaptureTimestamp(Kind::REQUEST_END);
  if (status.ok()) stats->Record(*timers);
  return result;
}

// Of a request that begins now.
Error TimedRequest(inference::ModelInferRequest* request, RequestTimers* timers, const InferOptions& options,
                   const std::vector<InferInput*>& inputs, const std::vector<const InferRequestedOutput*>& outputs) {
  timers->CaptureTimestamp(Kind::REQUEST_START);
  timers->CaptureTimestamp(Kind::SEND_START);
  const Error error = FillInferRequest(request, options, inputs, outputs);
  timers->CaptureTimestamp(Kind::SEND_END);
  return error;
}

}  // namespace

Error InferenceServerGrpcClient::Infer(InferResult** result, const InferOptions& options,
                                       const std::vector<InferInput*>& inputs,
                                       const std::vector<const InferRequestedOutput*>& outputs, const Headers& headers,
                                       const grpc_compression_algorithm compression_algorithm) {
  *result = nullptr;
  grpc::ClientContext context;
  if (Error error = PrepareContext(&context, headers, options.client_timeout_, compression_algorithm); !error.IsOk())
    return error;
  RequestTimers timers;
  inference::ModelInferRequest request;
  if (Error error = TimedRequest(&request, &timers, options, inputs, outputs); !error.IsOk()) return error;
  inference::ModelInferResponse response;
  const grpc::Status status = connection_->stub().ModelInfer(&context, request, &response);
  *result = ResultOf(status, std::move(response), &timers, stats_.get(), verbose_);
  return (*result)->RequestStatus();
}

Error InferenceServerGrpcClient::AsyncInfer(OnCompleteFn callback, const InferOptions& options,
                                            const std::vector<InferInput*>& inputs,
                                            const std::vector<const InferRequestedOutput*>& outputs,
                                            const Headers& headers,
                                            const grpc_compression_algorithm compression_algorithm) {
  if (callback == nullptr) return Error("Callback function must be provided along with AsyncInfer() call.");
  auto call = std::make_unique<AsyncInferCalls::Call>();
  if (Error error = PrepareContext(&call->context, headers, options.client_timeout_, compression_algorithm);
      !error.IsOk()) {
    return error;
  }
  inference::ModelInferRequest request;
  if (Error error = TimedRequest(&request, &call->timers, options, inputs, outputs); !error.IsOk()) return error;
  call->done = [callback = std::move(callback), this](AsyncInferCalls::Call* done) {
    callback(ResultOf(done->status, std::move(done->response), &done->timers, stats_.get(), verbose_));
  };
  return async_calls_->Start(&connection_->stub(), request, std::move(call));
}

Error InferenceServerGrpcClient::InferMulti(std::vector<InferResult*>* results,
                                            const std::vector<InferOptions>& options,
                                            const std::vector<std::vector<InferInput*>>& inputs,
                                            const std::vector<std::vector<const InferRequestedOutput*>>& outputs,
                                            const Headers& headers,
                                            const grpc_compression_algorithm compression_algorithm) {
  const MultiRequest requests(options, inputs, outputs);
  return InferOneByOne(results, requests, [&](InferResult** result, size_t i) {
    return Infer(result, requests.options(i), requests.inputs(i), requests.outputs(i), headers, compression_algorithm);
  });
}

Error InferenceServerGrpcClient::AsyncInferMulti(OnMultiCompleteFn callback, const std::vector<InferOptions>& options,
                                                 const std::vector<std::vector<InferInput*>>& inputs,
                                                 const std::vector<std::vector<const InferRequestedOutput*>>& outputs,
                                                 const Headers& headers,
                                                 const grpc_compression_algorithm compression_algorithm) {
  if (callback == nullptr) return Error("Callback function must be provided along with AsyncInferMulti() call.");
  const MultiRequest requests(options, inputs, outputs);
  const auto submit = [&](OnCompleteFn arrived, size_t i) {
    return AsyncInfer(std::move(arrived), requests.options(i), requests.inputs(i), requests.outputs(i), headers,
                      compression_algorithm);
  };
  return InferAllAtOnce(std::move(callback), requests, submit, [](Error error) { return new GrpcInferResult(error); });
}

Error InferenceServerGrpcClient::StartStream(OnCompleteFn callback, bool enable_stats, uint32_t stream_timeout,
                                             const Headers& headers,
                                             const grpc_compression_algorithm compression_algorithm) {
  if (callback == nullptr) return Error("Callback function must be provided along with StartStream() call.");
  const std::lock_guard<std::mutex> lock(stream_mutex_);
  if (stream_ != nullptr) {
    return Error(
        "cannot start another stream with one already running. 'InferenceServerClient' supports only a single active "
        "stream at a given time.");
  }
  auto context = std::make_unique<grpc::ClientContext>();
  if (Error error = PrepareContext(context.get(), headers, stream_timeout, compression_algorithm); !error.IsOk())
    return error;
  stream_ = InferStream::Open(&connection_->stub(), std::move(context), std::move(callback),
                              enable_stats ? stats_.get() : nullptr, verbose_);
  return Error::Success;
}

std::shared_ptr<InferStream> InferenceServerGrpcClient::Stream() const {
  const std::lock_guard<std::mutex> lock(stream_mutex_);
  return stream_;
}

std::shared_ptr<InferStream> InferenceServerGrpcClient::TakeStream() {
  const std::lock_guard<std::mutex> lock(stream_mutex_);
  return std::exchange(stream_, nullptr);
}

Error InferenceServerGrpcClient::StopStream() {
  const std::shared_ptr<InferStream> stream = Stream();
  if (stream == nullptr) return Error::Success;
  if (Error error = stream->Close(); !error.IsOk()) return error;
  const std::lock_guard<std::mutex> lock(stream_mutex_);
  if (stream_ == stream) stream_.reset();
  return Error::Success;
}

Error InferenceServerGrpcClient::AsyncStreamInfer(const InferOptions& options, const std::vector<InferInput*>& inputs,
                                                  const std::vector<const InferRequestedOutput*>& outputs) {
  const std::shared_ptr<InferStream> stream = Stream();
  if (stream == nullptr) return Error("stream not available, use StartStream() to make one available.");
  RequestTimers timers;
  inference::ModelInferRequest request;
  if (Error error = TimedRequest(&request, &timers, options, inputs, outputs); !error.IsOk()) return error;
  return stream->Send(request, timers);
}

}  // namespace client
}  // namespace triton
