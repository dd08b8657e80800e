#include "frontend/http/generate_call.h"

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "frontend/http/generate_request.h"
#include "frontend/http/generate_response.h"
#include "frontend/http/load_report.h"
#include "frontend/http/reply.h"

namespace neso {
namespace {

constexpr const char* kEventStreamType = "text/event-stream; charset=utf-8";
constexpr std::string_view kOneResponse =
    "generate expects model to produce exactly 1 response, use generate stream for model that generates various number "
    "of responses";

// What is sent of a response.
struct Part {
  int status = 200;  // of the answer that begins with it
  std::string json;
};

Part Encode(const InferenceResponse& response) {
  Status error = response.status();
  if (error.ok()) {
    Expected<std::string> json = EncodeGenerateResponse(response);
    if (json) return {.status = 200, .json = *std::move(json)};
    error = json.error();
  }
  return {.status = 400, .json = ErrorBody(error.message())};  // whatever its code
}

class GenerateCall : public HttpRun {
 public:
  using HttpRun::HttpRun;

  Status Start(const ModelHandle& model, int64_t requested_version) {
    const net::HttpHead& head = exchange().head();
    if (head.Has("Content-Encoding") && head.Find("Content-Encoding") != "identity") {
      return InvalidArg("Unsupported content-encoding, only 'identity' is supported.");
    }
    const BufferRef& body = exchange().body();
    const std::string_view text = body ? std::string_view(body->data(), body->size()) : std::string_view();
    RETURN_IF_ERROR(MemoryBudget::OfProcess().Admit());
    std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, requested_version);
    RETURN_IF_ERROR(FillGenerateRequest(*model, text, settings().max_input_bytes, *request, tensors().converted));
    return Submit(request);
  }

 protected:
  void Begin(int status, const char* content_type, std::string first) {
    net::HttpResponse answer;
    answer.status = status;
    answer.content_type = content_type;
    answer.body = std::move(first);
    if (const std::string_view format = exchange().head().Find(kLoadReportFormatHeader); !format.empty()) {
      if (std::optional<std::string> report = LoadReport(format, MetricRegistry::OfProcess())) {
        answer.headers.emplace_back(kLoadReportHeader, *std::move(report));
      }
    }
    if (trace() != nullptr) trace()->Report("HTTP_SEND_START");
    exchange().StartStream(std::move(answer));
  }
  void Finish() {
    exchange().Finish();
    if (trace() != nullptr) trace()->Report("HTTP_SEND_END");
  }
};

// Only after the final response is it known whether there was exactly one.
class SingleGenerate final : public GenerateCall {
 public:
  using GenerateCall::GenerateCall;

 private:
  void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override {
    Part answer;
    {
      MutexLock lock(mutex_);
      if (response && ++response_count_ == 1) first_ = Encode(*response);
      if (!is_final) return;
      if (response_count_ != 1) first_.json = ErrorBody(kOneResponse);
      answer = std::move(first_);
    }
    Begin(answer.status, kJsonType, std::move(answer.json));
    Finish();
  }

  void OnFailure(const Status& error, bool) override { ReplyError(exchange(), error); }

  Mutex mutex_;  // a backend may respond from several threads
  size_t response_count_ GUARDED_BY(mutex_) = 0;
  Part first_ GUARDED_BY(mutex_);
};

class StreamGenerate final : public GenerateCall {
 public:
  using GenerateCall::GenerateCall;

 private:
  void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override {
    if (response) {
      Part part = Encode(*response);
      response.reset();
      if (!Send(part.status, "data: " + part.json + "\n\n")) Cancel();
    }
    if (!is_final) return;
    std::call_once(begun_, [this] { Begin(200, kEventStreamType, {}); });
    Finish();
  }

  void OnFailure(const Status& error, bool is_final) override {
    Send(HttpStatus(error.code()), "data: " + ErrorBody(error.message()) + "\n\n");
    if (is_final) Finish();
  }

  // False when the client is gone or does not read. The first response begins the answer; others wait until it has.
  bool Send(int status, std::string event) {
    bool has_begun = false;
    std::call_once(begun_, [&] {
      Begin(status, kEventStreamType, std::move(event));
      has_begun = true;
    });
    return has_begun || exchange().Write(std::move(event));
  }

  std::once_flag begun_;
};

template <typename Call>
Status Run(const net::HttpExchangeRef& exchange, const ModelHandle& model, int64_t requested_version,
           const InferSettings& settings) {
  return std::make_shared<Call>(exchange, settings)->Start(model, requested_version);
}

}  // namespace

void StartGenerate(GenerateKind kind, const ModelHandle& model, int64_t requested_version,
                   const net::HttpExchangeRef& exchange, const InferSettings& settings) {
  const auto run = kind == GenerateKind::kStream ? &Run<StreamGenerate> : &Run<SingleGenerate>;
  if (const Status status = run(exchange, model, requested_version, settings); !status.ok()) {
    ReplyError(*exchange, settings.error_status(status), status.message(), kJsonType);
  }
}

}  // namespace neso
