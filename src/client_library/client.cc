// neso::Client: makes calls of requests, on its thread, and results of answers.
#include "neso/client.h"

#include <atomic>

#include "client/dial.h"
#include "client_library/calls.h"
#include "client_library/durations.h"
#include "client_library/questions.h"

namespace neso {

using client::Protocol;
using client::ServerAddress;
using client_library::Answer;
using client_library::Calls;
using client_library::Question;
using client_library::Spoken;
using client_library::Worker;

class Client::Impl {
 public:
  Impl(const std::vector<ServerAddress>& servers, const ClientOptions& options)
      : options_(options), worker_(std::make_shared<Worker>()), calls_(*worker_, servers, options) {
    for (const ServerAddress& server : servers)
      (server.protocol == Protocol::kGrpc ? spoken_.grpc : spoken_.http) = true;
  }

  ~Impl() {
    worker_->Post([this] { calls_.Close(); });
    worker_->Stop();
  }

  // `read(answer)`: the result that an answer stands for.
  template <typename T, typename Read>
  Future<T> Call(Result<Question> asked, const CallOptions& options, Read read) {
    const Promise<T> promise;
    if (const Status headers = client::CheckHeaders(options.headers); asked && !headers.ok())
      asked = ClientError{ErrorKind::kInvalidArgument, headers.message()};
    if (!asked) {
      promise.Set(std::move(asked).error());
      return promise.future();
    }
    const uint64_t id = ++last_id_;
    // A future may outlive its client, whose calls are then over.
    promise.OnCancel([worker = std::weak_ptr<Worker>(worker_), this, id] {
      if (const auto alive = worker.lock()) alive->Post([this, id] { calls_.Cancel(id); });
    });
    auto question = std::make_shared<Question>(std::move(asked).value());
    question->http.headers.insert(question->http.headers.end(), options.headers.begin(), options.headers.end());
    question->grpc.metadata = options.headers;
    const Nanoseconds patience = client_library::NanosecondsOf(options.deadline.value_or(options_.deadline));
    const TimePoint deadline = After(std::chrono::steady_clock::now(), patience);
    const auto done = [promise, read](Result<Answer> answer) {
      promise.Set(answer ? read(answer.value()) : Result<T>(std::move(answer).error()));
    };
    worker_->Post([this, id, question = std::move(question), deadline, may_repeat = options.may_repeat.value_or(true),
                   done] { calls_.Begin(id, question, deadline, may_repeat, done); });
    return promise.future();
  }

  ClientFigures Figures() {
    const Promise<ClientFigures> promise;
    worker_->Post([this, promise] { promise.Set(calls_.Figures()); });
    return promise.future().Get().value();
  }

  Spoken spoken() const { return spoken_; }

 private:
  const ClientOptions options_;
  Spoken spoken_;
  std::atomic<uint64_t> last_id_{0};
  const std::shared_ptr<Worker> worker_;
  Calls calls_;
};

namespace {

bool IsOfSequence(const InferRequest& request) {
  const auto id = request.parameters.find("sequence_id");
  return id != request.parameters.end() && id->second != InferRequest::Parameter(int64_t{0}) &&
         id->second != InferRequest::Parameter(std::string());
}

ClientError ErrorOf(const Status& reason) {
  const bool is_theirs = reason.code() == StatusCode::kInvalidArg;
  return {is_theirs ? ErrorKind::kInvalidArgument : ErrorKind::kUnavailable, reason.message()};
}

// The files of `tls` are read once, for all endpoints and connections.
Expected<std::vector<ServerAddress>> ParseServers(const std::vector<std::string>& texts, const ClientTls& tls) {
  std::shared_ptr<const net::TlsClientContext> context;
  std::vector<ServerAddress> servers;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(ServerAddress server, client::ParseServerAddress(text));
    if (server.endpoint.uses_tls && context == nullptr) {
      ASSIGN_OR_RETURN(context, client::MakeTls({.roots_file = tls.roots_file,
                                                 .certificate_file = tls.certificate_file,
                                                 .key_file = tls.key_file,
                                                 .verifies_server = tls.verifies_server}));
    }
    server.endpoint.tls = context;
    server.endpoint.tls_name = tls.server_name;
    servers.push_back(std::move(server));
  }
  if (servers.empty()) return InvalidArg("expected one endpoint or more, got none");
  return servers;
}

}  // namespace

Result<Client> Client::Open(const std::vector<std::string>& endpoints, ClientOptions options) {
  const Expected<std::vector<ServerAddress>> servers = ParseServers(endpoints, options.tls);
  if (!servers) return ErrorOf(servers.error());
  return Client(std::make_unique<Impl>(*servers, options));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Future<InferAnswer> Client::Infer(const InferRequest& request, CallOptions options) {
  if (!options.may_repeat) options.may_repeat = !IsOfSequence(request);
  return impl_->Call<InferAnswer>(client_library::AskInfer(request, impl_->spoken()), options,
                                  client_library::ReadInfer);
}

Future<bool> Client::IsReady(CallOptions options) {
  return impl_->Call<bool>(client_library::AskReady(), options, client_library::ReadReady);
}

Future<bool> Client::IsModelReady(const std::string& model, CallOptions options) {
  return impl_->Call<bool>(client_library::AskModelReady(model), options, client_library::ReadReady);
}

Future<std::string> Client::ModelMetadata(const std::string& model, CallOptions options) {
  return impl_->Call<std::string>(client_library::AskModelMetadata(model), options, client_library::ReadMetadata);
}

ClientFigures Client::Figures() const { return impl_->Figures(); }

}  // namespace neso
