#include "client/http1_answer.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace neso::client {
namespace {

constexpr size_t kMaxHeadBytes = 256 << 10;
constexpr std::string_view kStatusLine = "HTTP/1.x 200";

// The next line without its end.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), line.size() + 2));
  return line;
}

// A field's name and value; an empty name if there is no colon.
std::pair<std::string_view, std::string_view> SplitField(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  return {line.substr(0, colon), TrimBlanks(line.substr(colon + 1))};
}

}  // namespace

void Http1AnswerReader::Begin(std::string_view method) {
  part_ = Part::kHead;
  has_no_body_ = method == "HEAD";
  keeps_connection_ = true;
  head_.clear();
  body_.clear();
  scanner_.Reset();
  status_ = 0;
  failure_ = {};
}

Http1AnswerReader::State Http1AnswerReader::Take(std::string_view& input) {
  if (!failure_.ok()) return State::kFailed;
  if (part_ == Part::kHead) {
    const State state = TakeHead(input);
    if (state != State::kMore || part_ == Part::kHead) return state;
  }
  return TakeBody(input);
}

Http1AnswerReader::State Http1AnswerReader::End() {
  if (!failure_.ok()) return State::kFailed;
  keeps_connection_ = false;
  if (part_ == Part::kUntilEnd) part_ = Part::kDone;
  if (part_ == Part::kDone) return State::kDone;
  return Fail("the connection ended within it");
}

Http1AnswerReader::Headers Http1AnswerReader::ParseHeaders() const {
  Headers headers;
  std::string_view rest = head_;
  TakeLine(rest);
  for (std::string_view line = TakeLine(rest); !line.empty(); line = TakeLine(rest)) {
    const auto [name, value] = SplitField(line);
    headers.emplace_back(ToLowerAscii(name), value);
  }
  return headers;
}

Http1AnswerReader::State Http1AnswerReader::TakeHead(std::string_view& input) {
  while (part_ == Part::kHead && !input.empty()) {
    const size_t had = head_.size();
    head_.append(input.substr(0, kMaxHeadBytes - std::min(kMaxHeadBytes, had) + 1));
    switch (scanner_.Scan(head_)) {
      case net::HeadScanner::kBadLine: return Fail("a line of its head does not end in CR LF");
      case net::HeadScanner::kIncomplete:
        if (head_.size() > kMaxHeadBytes) return Fail("its head is too long");
        input = {};
        return State::kMore;
      case net::HeadScanner::kComplete: break;
    }
    input.remove_prefix(scanner_.head_bytes() - had);
    head_.resize(scanner_.head_bytes());
    if (const State state = ReadHead(); state == State::kFailed) return state;
    if (status_ >= 200) return StartBody();
    if (status_ == 101) return Fail("it changes the protocol, which was not asked for");
    head_.clear();  // of an interim answer; the answer follows
    scanner_.Reset();
  }
  return State::kMore;
}

Http1AnswerReader::State Http1AnswerReader::ReadHead() {
  std::string_view rest = head_;
  const std::string_view line = TakeLine(rest);
  const bool is_http1 = line.starts_with("HTTP/1.") && line.size() >= kStatusLine.size() && line[8] == ' ';
  if (!is_http1) return Fail("it does not begin as one of HTTP/1.1 does: is another protocol spoken at this port?");
  const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, status_);
  if (error != std::errc() || end != line.data() + 12 || status_ < 100) return Fail("its status is no number");
  keeps_connection_ = line[7] != '0';
  has_length_ = is_chunked_ = false;
  for (std::string_view field = TakeLine(rest); !field.empty(); field = TakeLine(rest)) {
    const auto [name, value] = SplitField(field);
    if (name.empty()) return Fail("a header field has no name");
    if (const State state = Interpret(name, value); state == State::kFailed) return state;
  }
  return State::kMore;
}

Http1AnswerReader::State Http1AnswerReader::Interpret(std::string_view name, std::string_view value) {
  if (name.size() == 14 && EqualsIgnoreCaseAscii(name, "content-length")) {
    uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    const bool is_number = error == std::errc() && end == value.data() + value.size();
    if (!is_number || (has_length_ && length != left_)) return Fail("its Content-Length is malformed");
    has_length_ = true;
    left_ = length;
  } else if (name.size() == 17 && EqualsIgnoreCaseAscii(name, "transfer-encoding")) {
    if (!EqualsIgnoreCaseAscii(value, "chunked")) return Fail("its Transfer-Encoding is unknown");
    is_chunked_ = true;
  } else if (name.size() == 10 && EqualsIgnoreCaseAscii(name, "connection")) {
    for (const std::string_view word : Split(value, ',')) {
      if (EqualsIgnoreCaseAscii(TrimBlanks(word), "close")) keeps_connection_ = false;
    }
  }
  return State::kMore;
}

Http1AnswerReader::State Http1AnswerReader::StartBody() {
  if (has_no_body_ || status_ == 204 || status_ == 304) {
    part_ = Part::kDone;
    return State::kDone;
  }
  if (is_chunked_) {
    part_ = Part::kChunks;
    chunks_ = net::ChunkDecoder(SIZE_MAX);  // a stream has one for each event
  } else if (has_length_) {
    part_ = left_ > 0 ? Part::kLength : Part::kDone;
    if (left_ == 0) return State::kDone;
  } else {
    part_ = Part::kUntilEnd;
  }
  return State::kMore;
}

Http1AnswerReader::State Http1AnswerReader::TakeBody(std::string_view& input) {
  switch (part_) {
    case Part::kLength: {
      const std::string_view bytes = input.substr(0, left_);
      input.remove_prefix(bytes.size());
      left_ -= bytes.size();
      if (left_ == 0) part_ = Part::kDone;
      return Append(bytes);
    }
    case Part::kUntilEnd: return Append(std::exchange(input, {}));
    case Part::kChunks:
      for (std::string_view piece = chunks_.Next(input); !piece.empty(); piece = chunks_.Next(input)) {
        if (Append(piece) == State::kFailed) return State::kFailed;
      }
      if (chunks_.error()) return Fail(chunks_.error().message);
      if (chunks_.done()) part_ = Part::kDone;
      break;
    case Part::kHead:
    case Part::kDone: break;
  }
  return part_ == Part::kDone ? State::kDone : State::kMore;
}

Http1AnswerReader::State Http1AnswerReader::Append(std::string_view bytes) {
  if (bytes.size() > max_body_bytes_ - body_.size()) return Fail("its body is longer than is allowed here");
  body_.append(bytes);
  return part_ == Part::kDone ? State::kDone : State::kMore;
}

Http1AnswerReader::State Http1AnswerReader::Fail(std::string_view reason) {
  failure_ = Unavailable("the server's answer cannot be read: {}", reason);
  keeps_connection_ = false;
  return State::kFailed;
}

}  // namespace neso::client
