#include "client/http_client.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace neso::client {
namespace {

constexpr std::array<std::string_view, 3> kOwnHeaders = {"host", "content-length", "transfer-encoding"};

// Nothing that could end the line, or the word, that it becomes a part of.
bool FitsIntoLine(std::string_view text, bool may_have_blanks) {
  return std::ranges::none_of(text, [may_have_blanks](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u == 0x7f || (u < 0x20 && u != '\t') || (u <= 0x20 && !may_have_blanks);
  });
}

}  // namespace

const std::string* HttpAnswer::Find(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [name](const auto& header) { return header.first == name; });
  return found == headers.end() ? nullptr : &found->second;
}

// The error names no value, which may be a key.
Status CheckHeaders(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (name.empty() || !FitsIntoLine(name, false) || name.find(':') != std::string::npos || !FitsIntoLine(value, true))
      return InvalidArg("header '{}' cannot be sent: a line end, or a name that is none", name);
    if (std::ranges::find(kOwnHeaders, ToLowerAscii(name)) != kOwnHeaders.end())
      return InvalidArg("header '{}' cannot be sent: each request has its own", name);
  }
  return {};
}

Expected<std::string> WriteHead(const Endpoint& endpoint, const HttpCall& call) {
  if (!FitsIntoLine(call.method, false) || !FitsIntoLine(call.path, false) || !call.path.starts_with('/'))
    return InvalidArg("'{} {}' is no request: expected a path that begins with '/' and has no blanks", call.method,
                      call.path);
  RETURN_IF_ERROR(CheckHeaders(call.headers));
  std::string head =
      fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", call.method, endpoint.path, call.path, endpoint.Authority());
  for (const auto& [name, value] : call.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (!call.body.empty() || call.method == "POST" || call.method == "PUT")
    head += fmt::format("Content-Length: {}\r\n", call.body.size());
  return head + "\r\n";
}

Expected<HttpAnswer> HttpClient::Call(const HttpCall& call, const Patience& patience, const TakeBody& take) {
  take_ = take;
  const Waiting waiting(patience);
  ASSIGN_OR_RETURN(const std::string head, WriteHead(endpoint_, call));
  const bool was_kept = connection_ != nullptr && connection_->is_open();
  Expected<HttpAnswer> answer = Ask(call, head, waiting);
  const bool may_repeat = call.method == "GET" || call.method == "HEAD";
  if (answer.ok() || !was_kept || !may_repeat || waiting.IsOver()) return answer;
  return Ask(call, head, waiting);
}

Expected<HttpAnswer> HttpClient::Ask(const HttpCall& call, const std::string& head, const Waiting& waiting) {
  if (connection_ == nullptr || !connection_->is_open()) {
    connection_.reset();
    ASSIGN_OR_RETURN(connection_,
                     Http1Connection::Connect(loop_, endpoint_, waiting.deadline(), *this, max_body_bytes_));
  }
  lost_ = {};
  has_enough_ = false;
  connection_->Send({.head = head, .body = call.body, .method = call.method});
  while (connection_->awaits_answer() && !has_enough_ && !waiting.IsOver()) loop_.RunOnce(waiting.NextLook());
  if (has_enough_) {
    connection_.reset();  // the rest is nobody's
    return std::move(answer_);
  }
  if (connection_->awaits_answer()) {
    connection_.reset();  // its answer, should it come, is nobody's
    return Unavailable("no answer from {} in time", endpoint_.Place());
  }
  if (!lost_.ok()) return lost_.WithContext("{}", endpoint_.Place());
  return std::move(answer_);
}

// Whether it is the caller's.
bool HttpClient::Hand(int status, std::string_view more) {
  constexpr int kOk = 200;
  if (!take_ || status != kOk) return false;
  if (more.empty() || has_enough_ || take_(more)) return true;
  has_enough_ = true;
  answer_ = {.status = status, .headers = {}, .body = {}};
  return true;
}

void HttpClient::OnMore(Http1AnswerReader& answer) {
  if (Hand(answer.status(), answer.body())) answer.ReleaseBody();
}

void HttpClient::OnAnswer(Http1Connection&, const Http1AnswerReader& answer) {
  const bool is_handed = Hand(answer.status(), answer.body());
  if (has_enough_) return;
  answer_ = {
      .status = answer.status(), .headers = answer.ParseHeaders(), .body = is_handed ? std::string() : answer.body()};
}

}  // namespace neso::client
