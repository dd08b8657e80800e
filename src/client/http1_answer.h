// Reads the answers of an HTTP/1.1 server from the bytes of a connection (RFC 9112).
//
//   Http1AnswerReader reader;
//   reader.Begin("GET");
//   while (reader.Take(bytes) == Http1AnswerReader::State::kMore) bytes = MoreBytes();
//   reader.status(); reader.body();
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "net/http1/http1_parser.h"

namespace neso::client {

// Confined to a thread. What it hands out is valid until the next Begin.
class Http1AnswerReader {
 public:
  enum class State { kMore, kDone, kFailed };
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit Http1AnswerReader(size_t max_body_bytes = SIZE_MAX) : max_body_bytes_(max_body_bytes) {}

  // An answer to a request of `method` follows: one to HEAD has no body.
  void Begin(std::string_view method);
  // Takes what it uses from the front of `input`.
  State Take(std::string_view& input);
  // The server has closed the connection.
  State End();

  int status() const { return status_; }
  const std::string& body() const { return body_; }
  // What has come of it since the last time: it is not kept then, and bounded is what has not been taken.
  std::string ReleaseBody() { return std::exchange(body_, {}); }
  // Names in lower case.
  Headers ParseHeaders() const;
  // The connection may be used for another request.
  bool keeps_connection() const { return keeps_connection_; }
  // kUnavailable; what was wrong with the answer.
  const Status& failure() const { return failure_; }

 private:
  enum class Part { kHead, kLength, kChunks, kUntilEnd, kDone };

  State TakeHead(std::string_view& input);
  State ReadHead();
  State Interpret(std::string_view name, std::string_view value);
  State StartBody();
  State TakeBody(std::string_view& input);
  State Append(std::string_view bytes);
  State Fail(std::string_view reason);

  const size_t max_body_bytes_;
  Part part_ = Part::kDone;
  bool has_no_body_ = false;
  std::string head_;
  net::HeadScanner scanner_;
  int status_ = 0;
  bool keeps_connection_ = true;
  bool has_length_ = false;
  bool is_chunked_ = false;
  uint64_t left_ = 0;
  net::ChunkDecoder chunks_;
  std::string body_;
  Status failure_;
};

}  // namespace neso::client
