// Inference over HTTP.
#include <iostream>
#include <utility>

#include "common/multi.h"
#include "common/stat_recorder.h"
#include "http/compression.h"
#include "http/connections.h"
#include "http/http_result.h"
#include "http/infer_body.h"
#include "http_client.h"

namespace triton {
namespace client {
namespace {

using CompressionType = InferenceServerHttpClient::CompressionType;
using Kind = RequestTimers::Kind;

std::string InferPath(const InferOptions& options) {
  return "v2/models/" + options.model_name_ +
         (options.model_version_.empty() ? "" : "/versions/" + options.model_version_) + "/infer";
}

// All but the URL.
Error FillRequest(HttpRequest* request, const InferOptions& options, const std::vector<InferInput*>& inputs,
                  const std::vector<const InferRequestedOutput*>& outputs, const Headers& headers,
                  CompressionType request_compression, CompressionType response_compression) {
  InferBody body;
  if (Error error = MakeInferBody(&body, options, inputs, outputs); !error.IsOk()) return error;
  request->post = true;
  request->timeout_us = options.client_timeout_;
  request->accepted_coding = CodingName(response_compression);
  request->headers = {
      std::string(kInferHeaderContentLengthHTTPHeader) + ": " + std::to_string(body.json.size()),
      "Expect:", body.all_json ? "Content-Type: application/json" : "Content-Type: application/octet-stream"};
  if (Error error = request->AddHeaders(headers); !error.IsOk()) return error;
  if (request_compression == CompressionType::NONE) {
    request->head = std::move(body.json);
    request->tail = std::move(body.tensors);
    return Error::Success;
  }
  request->headers.push_back(std::string("Content-Encoding: ") + CodingName(request_compression));
  return Compress(&request->head, request_compression, body);
}

}  // namespace

Error InferenceServerHttpClient::GenerateRequestBody(std::vector<char>* request_body, size_t* header_length,
                                                     const InferOptions& options,
                                                     const std::vector<InferInput*>& inputs,
                                                     const std::vector<const InferRequestedOutput*>& outputs) {
  InferBody body;
  if (Error error = MakeInferBody(&body, options, inputs, outputs); !error.IsOk()) return error;
  *header_length = body.json.size();
  request_body->assign(body.json.begin(), body.json.end());
  request_body->reserve(body.ByteSize());
  for (const auto& [data, size] : body.tensors) request_body->insert(request_body->end(), data, data + size);
  return Error::Success;
}

Error InferenceServerHttpClient::ParseResponseBody(InferResult** result, const std::vector<char>& response_body,
                                                   size_t header_length) {
  HttpAnswer answer;
  answer.status = 200;
  answer.json_byte_size = header_length;
  answer.body.assign(response_body.begin(), response_body.end());
  *result = new HttpInferResult(std::move(answer));
  return (*result)->RequestStatus();
}

Error InferenceServerHttpClient::Infer(InferResult** result, const InferOptions& options,
                                       const std::vector<InferInput*>& inputs,
                                       const std::vector<const InferRequestedOutput*>& outputs, const Headers& headers,
                                       const Parameters& query_params,
                                       const CompressionType request_compression_algorithm,
                                       const CompressionType response_compression_algorithm) {
  *result = nullptr;
  HttpRequest request;
  request.url = UrlOf(InferPath(options), query_params);
  if (Error error = FillRequest(&request, options, inputs, outputs, headers, request_compression_algorithm,
                                response_compression_algorithm);
      !error.IsOk()) {
    return error;
  }
  Exchange exchange(std::move(request), connections_->way, verbose_);
  exchange.timers().CaptureTimestamp(Kind::REQUEST_START);
  connections_->pool.Perform(&exchange);
  if (Error error = exchange.answer().TransportError(); !error.IsOk()) {
    *result = new HttpInferResult(error);
    return error;
  }
  *result = new HttpInferResult(std::move(exchange.answer()));
  exchange.timers().CaptureTimestamp(Kind::REQUEST_END);
  stats_->Record(exchange.timers());
  if (verbose_) std::cout << (*result)->DebugString() << std::endl;
  return (*result)->RequestStatus();
}

Error InferenceServerHttpClient::AsyncInfer(OnCompleteFn callback, const InferOptions& options,
                                            const std::vector<InferInput*>& inputs,
                                            const std::vector<const InferRequestedOutput*>& outputs,
                                            const Headers& headers, const Parameters& query_params,
                                            const CompressionType request_compression_algorithm,
                                            const CompressionType response_compression_algorithm) {
  if (callback == nullptr) return Error("Callback function must be provided along with AsyncInfer() call.");
  HttpRequest request;
  request.url = UrlOf(InferPath(options), query_params);
  if (Error error = FillRequest(&request, options, inputs, outputs, headers, request_compression_algorithm,
                                response_compression_algorithm);
      !error.IsOk()) {
    return error;
  }
  auto exchange = std::make_unique<Exchange>(std::move(request), connections_->way, verbose_);
  exchange->timers().CaptureTimestamp(Kind::REQUEST_START);
  return connections_->worker->Submit(std::move(exchange), [this, callback = std::move(callback)](Exchange* done) {
    HttpAnswer& answer = done->answer();
    if (answer.outcome != CURLE_OK) {
      const bool late = answer.outcome == CURLE_OPERATION_TIMEDOUT;
      callback(new HttpInferResult(late ? Error("Deadline Exceeded") : answer.TransportError()));
      return;
    }
    auto result = std::make_unique<HttpInferResult>(std::move(answer));
    done->timers().CaptureTimestamp(Kind::REQUEST_END);
    stats_->Record(done->timers());
    if (verbose_) std::cout << result->DebugString() << std::endl;
    callback(result.release());
  });
}

Error InferenceServerHttpClient::InferMulti(std::vector<InferResult*>* results,
                                            const std::vector<InferOptions>& options,
                                            const std::vector<std::vector<InferInput*>>& inputs,
                                            const std::vector<std::vector<const InferRequestedOutput*>>& outputs,
                                            const Headers& headers, const Parameters& query_params,
                                            const CompressionType request_compression_algorithm,
                                            const CompressionType response_compression_algorithm) {
  const MultiRequest requests(options, inputs, outputs);
  return InferOneByOne(results, requests, [&](InferResult** result, size_t i) {
    return Infer(result, requests.options(i), requests.inputs(i), requests.outputs(i), headers, query_params,
                 request_compression_algorithm, response_compression_algorithm);
  });
}

Error InferenceServerHttpClient::AsyncInferMulti(OnMultiCompleteFn callback, const std::vector<InferOptions>& options,
                                                 const std::vector<std::vector<InferInput*>>& inputs,
                                                 const std::vector<std::vector<const InferRequestedOutput*>>& outputs,
                                                 const Headers& headers, const Parameters& query_params,
                                                 const CompressionType request_compression_algorithm,
                                                 const CompressionType response_compression_algorithm) {
  if (callback == nullptr) return Error("Callback function must be provided along with AsyncInfer() call.");
  const MultiRequest requests(options, inputs, outputs);
  const auto submit = [&](OnCompleteFn arrived, size_t i) {
    return AsyncInfer(std::move(arrived), requests.options(i), requests.inputs(i), requests.outputs(i), headers,
                      query_params, request_compression_algorithm, response_compression_algorithm);
  };
  return InferAllAtOnce(std::move(callback), requests, submit, [](Error error) { return new HttpInferResult(error); });
}

}  // namespace client
}  // namespace triton
