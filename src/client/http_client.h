// HTTP calls one at a time, for commands: asks, waits, answers.
//
//   HttpClient client(endpoint);
//   ASSIGN_OR_RETURN(const HttpAnswer answer, client.Call({.path = "/v2/health/ready"}, std::chrono::seconds(5)));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "client/http1_connection.h"
#include "client/patience.h"

namespace neso::client {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpCall {
  std::string method = "GET";
  std::string path = "/";
  HttpHeaders headers = {};  // Host and Content-Length are added
  std::string body = {};
};

struct HttpAnswer {
  int status = 0;
  HttpHeaders headers = {};  // names in lower case
  std::string body = {};

  // Null: there is none of that name, which is in lower case.
  const std::string* Find(std::string_view name) const;
};

// Error: kInvalidArg for what would end a line of a head, is no name, or is one that WriteHead writes itself.
Status CheckHeaders(const HttpHeaders& headers);

// The head of `call` as it goes over the wire. Error: kInvalidArg for what would end a line of it.
Expected<std::string> WriteHead(const Endpoint& endpoint, const HttpCall& call);

// Keeps its connection for the next call. Confined to a thread.
class HttpClient final : private Http1Connection::Listener {
 public:
  explicit HttpClient(Endpoint endpoint, size_t max_body_bytes = SIZE_MAX)
      : endpoint_(std::move(endpoint)), max_body_bytes_(max_body_bytes) {}
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Is given the body of an answer with status 200 piece by piece, as it comes; the answer does not have it then, and it
  // may be of any length. False: no more is wanted, and the call ends at once, with the status alone.
  using TakeBody = std::function<bool(std::string_view more)>;

  // Any status is an answer. A GET or HEAD whose kept connection turns out to have been closed is sent once more.
  // Errors: kUnavailable when the server cannot be reached, says nothing in time, or what it says is no HTTP or longer
  // than `max_body_bytes`.
  Expected<HttpAnswer> Call(const HttpCall& call, const Patience& patience, const TakeBody& take = {});
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Expected<HttpAnswer> Ask(const HttpCall& call, const std::string& head, const Waiting& waiting);
  void OnMore(Http1AnswerReader& answer) override;
  void OnAnswer(Http1Connection& connection, const Http1AnswerReader& answer) override;
  void OnLost(Http1Connection& connection, const Status& reason) override { lost_ = reason; }

  bool Hand(int status, std::string_view more);

  const Endpoint endpoint_;
  const size_t max_body_bytes_;
  Loop loop_;
  std::unique_ptr<Http1Connection> connection_;
  HttpAnswer answer_;
  TakeBody take_;
  bool has_enough_ = false;
  Status lost_;
};

}  // namespace neso::client
