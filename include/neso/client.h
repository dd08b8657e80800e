// A client for one server or several alike, in C++20: futures and coroutines, deadlines, retries within a budget, and
// calls spread over the endpoints; over HTTP or gRPC, with TLS or without.
//
//   neso::Result<neso::Client> client = neso::Client::Open({"grpc://gpu-1:8001", "grpc://gpu-2:8001"});
//   neso::InferRequest request{.model = "digits"};
//   request.inputs.emplace("pixels", neso::Tensor({1, 64}, pixels));
//   neso::Result<neso::InferAnswer> answer = client.value().Infer(std::move(request)).Get();
//
// Programs written for Triton's client library use http_client.h and grpc_client.h instead (clients/cpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "neso/client/future.h"
#include "neso/client/result.h"
#include "neso/client/tensor.h"

namespace neso {

// Of endpoints that begin with https:// or grpcs://. All files are PEM.
struct ClientTls {
  std::string roots_file = {};        // who has to have signed the server's certificate; empty: whom the system trusts
  std::string certificate_file = {};  // the client's own, with those that lead to its root; empty: it has none
  std::string key_file = {};          // its private key, not encrypted
  std::string server_name = {};       // what the server's certificate has to be for; empty: the endpoint's host
  bool verifies_server = true;        // false: anybody may be the server
};

struct ClientOptions {
  // From when a call is made until it has a result, retries included.
  std::chrono::milliseconds deadline{30'000};
  std::chrono::milliseconds connect_timeout{1'000};
  ClientTls tls = {};
  // HTTP: calls beyond wait for their turn. Over gRPC one connection carries all calls to an endpoint.
  size_t connections_per_endpoint = 64;

  // A call that no server has taken is made again, at another endpoint if there is one.
  int most_attempts = 3;
  // Retries are at most so many for each call, and this many at once: a server in trouble is not asked ever more often.
  double retries_per_call = 0.1;
  double retries_at_once = 10;
  // Before the first retry; twice as long before each further one; a random part of it is waited for.
  std::chrono::milliseconds first_pause{10};
  std::chrono::milliseconds longest_pause{1'000};
};

struct CallOptions {
  std::optional<std::chrono::milliseconds> deadline = {};         // instead of the client's
  std::vector<std::pair<std::string, std::string>> headers = {};  // gRPC's metadata
  // May be made again after a connection was lost with the answer outstanding: the server may have run it. False is for
  // requests with effects. Not given: all may but those of sequences, which have the parameter "sequence_id".
  std::optional<bool> may_repeat = {};
};

struct InferRequest {
  using Parameter = std::variant<bool, int64_t, double, std::string>;

  std::string model = {};
  std::string version = {};  // empty: the server chooses
  std::string id = {};       // comes back in the answer
  std::map<std::string, Tensor> inputs = {};
  std::vector<std::string> outputs = {};  // empty: all
  std::map<std::string, Parameter> parameters = {};
};

struct InferAnswer {
  std::string model = {};
  std::string version = {};
  std::string id = {};
  std::map<std::string, Tensor> outputs = {};
};

// What a client has done so far.
struct ClientFigures {
  struct Endpoint {
    std::string address = {};
    uint64_t attempts = 0;
    uint64_t failures = 0;     // not reached, connection or server lost (502, 504), or refused (503, UNAVAILABLE)
    uint64_t outstanding = 0;  // attempts without an answer
    bool is_avoided = false;   // after failures, for a while
  };
  uint64_t calls = 0;
  uint64_t retries = 0;
  uint64_t retries_refused = 0;  // by the budget
  std::vector<Endpoint> endpoints = {};
};

// Thread-safe. Has a thread of its own, on which callbacks and coroutines go on.
class __attribute__((visibility("default"))) Client {
 public:
  // `endpoints`: servers that have the same models, as "host:port" or that after http://, https://, grpc:// or grpcs://,
  // or with "unix:path" in place of host and port. They may stand side by side; without a scheme it is http://. Does not
  // connect.
  // Errors: kInvalidArgument, an endpoint that is none, or a file of TLS that cannot be used; kUnavailable, the library for
  // TLS (libneso_tls.so, beside this one) is missing.
  static Result<Client> Open(const std::vector<std::string>& endpoints, ClientOptions options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  // Calls that are under way end with kCancelled. Not on the client's own thread.
  ~Client();

  Future<InferAnswer> Infer(const InferRequest& request, CallOptions options = {});

  // An error only if no endpoint answers.
  Future<bool> IsReady(CallOptions options = {});
  Future<bool> IsModelReady(const std::string& model, CallOptions options = {});
  // The server's JSON.
  Future<std::string> ModelMetadata(const std::string& model, CallOptions options = {});

  // Not on the client's own thread.
  ClientFigures Figures() const;

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace neso
