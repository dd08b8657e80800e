// neso::Client: makes calls of requests, on its thread, and results of answers.
#include "neso/client.h"

#include <atomic>

#include "client/server_words.h"
#include "client_library/calls.h"
#include "client_library/infer_message.h"

namespace neso {

using client::HttpAnswer;
using client::HttpCall;
using client_library::Calls;
using client_library::Worker;

class Client::Impl {
 public:
  Impl(const std::vector<client::Endpoint>& endpoints, const ClientOptions& options)
      : options_(options), worker_(std::make_shared<Worker>()), calls_(*worker_, endpoints, options) {}

  ~Impl() {
    worker_->Post([this] { calls_.Close(); });
    worker_->Stop();
  }

  // `read(answer)`: the result that an answer stands for.
  template <typename T, typename Read>
  Future<T> Call(HttpCall call, const CallOptions& options, Read read) {
    const Promise<T> promise;
    const uint64_t id = ++last_id_;
    // A future may outlive its client, whose calls are then over.
    promise.OnCancel([worker = std::weak_ptr<Worker>(worker_), this, id] {
      if (const auto alive = worker.lock()) alive->Post([this, id] { calls_.Cancel(id); });
    });
    call.headers.insert(call.headers.end(), options.headers.begin(), options.headers.end());
    const TimePoint deadline = std::chrono::steady_clock::now() + options.deadline.value_or(options_.deadline);
    const auto done = [promise, read](Result<HttpAnswer> answer) {
      promise.Set(answer ? read(answer.value()) : Result<T>(std::move(answer).error()));
    };
    worker_->Post([this, id, call = std::move(call), deadline, may_repeat = options.may_repeat, done]() mutable {
      calls_.Begin(id, std::move(call), deadline, may_repeat, done);
    });
    return promise.future();
  }

  ClientFigures Figures() {
    const Promise<ClientFigures> promise;
    worker_->Post([this, promise] { promise.Set(calls_.Figures()); });
    return promise.future().Get().value();
  }

 private:
  const ClientOptions options_;
  std::atomic<uint64_t> last_id_{0};
  const std::shared_ptr<Worker> worker_;
  Calls calls_;
};

namespace {

Result<bool> ReadReady(const HttpAnswer& answer) { return answer.status == 200; }

Result<InferAnswer> ReadInfer(const HttpAnswer& answer) {
  if (answer.status != 200) return client_library::ErrorOf(answer);
  return client_library::ReadInferAnswer(answer);
}

Result<std::string> ReadText(const HttpAnswer& answer) {
  if (answer.status != 200) return client_library::ErrorOf(answer);
  return answer.body;
}

}  // namespace

Result<Client> Client::Open(const std::vector<std::string>& endpoints, ClientOptions options) {
  std::vector<client::Endpoint> parsed;
  for (const std::string& text : endpoints) {
    Expected<client::Endpoint> endpoint = client::ParseEndpoint(text, 8000);
    if (!endpoint) return ClientError{ErrorKind::kInvalidArgument, endpoint.error().message()};
    if (endpoint->uses_tls)
      return ClientError{ErrorKind::kUnsupported,
                         "https:// is not spoken here yet: use http://" + endpoint->Authority()};
    parsed.push_back(*std::move(endpoint));
  }
  if (parsed.empty()) return ClientError{ErrorKind::kInvalidArgument, "expected one endpoint or more, got none"};
  return Client(std::make_unique<Impl>(parsed, options));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Future<InferAnswer> Client::Infer(const InferRequest& request, CallOptions options) {
  Result<HttpCall> call = client_library::WriteInferCall(request);
  if (call) return impl_->Call<InferAnswer>(std::move(call).value(), options, ReadInfer);
  const Promise<InferAnswer> promise;
  promise.Set(std::move(call).error());
  return promise.future();
}

Future<bool> Client::IsReady(CallOptions options) {
  return impl_->Call<bool>({.path = "/v2/health/ready"}, options, ReadReady);
}

Future<bool> Client::IsModelReady(const std::string& model, CallOptions options) {
  return impl_->Call<bool>({.path = client::ModelPath(model) + "/ready"}, options, ReadReady);
}

Future<std::string> Client::ModelMetadata(const std::string& model, CallOptions options) {
  return impl_->Call<std::string>({.path = client::ModelPath(model)}, options, ReadText);
}

ClientFigures Client::Figures() const { return impl_->Figures(); }

}  // namespace neso
